/**
 * Opens what belongs together. Each part that is open says how it is closed; all are closed in the opposite order, by `close` of what is
 * answered, or at once when opening fails.
 */
export async function closeInTurn<T extends object>(
  open: (onClose: (close: () => unknown) => void) => Promise<T>,
): Promise<T & { close(): Promise<void> }> {
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const opened = await open((one) => void closing.push(one));
    return { ...opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}

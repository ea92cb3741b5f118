/** How long to wait and for what. */
export interface UntilOptions {
  /** Default: 30 seconds. */
  readonly timeoutMs?: number;
  /** What is waited for, for the error. Default: the condition's own text. */
  readonly what?: string;
  /** Between two looks. Default: 20 milliseconds. */
  readonly pollMs?: number;
}

/**
 * Polls until the condition holds. A condition that throws ends the wait at once with that error.
 *
 * @throws Error that says what was waited for, when it does not hold in time.
 */
export async function until(condition: () => boolean | Promise<boolean>, options: UntilOptions = {}): Promise<void> {
  const { timeoutMs = 30_000, what = condition.toString(), pollMs = 20 } = options;
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
}

/** The environment of this process without the variables that begin so: what a test does not set must not be set. */
export function environmentWithout(prefix: string): Readonly<Record<string, string>> {
  const kept = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(kept.filter(([name]) => !name.startsWith(prefix) && name !== "NO_COLOR" && name !== "FORCE_COLOR"));
}

/** Whether pages that tests compare are written anew, after a change on purpose. */
export function writesPages(): boolean {
  return process.env.FRESHET_TEST_WRITE === "1";
}

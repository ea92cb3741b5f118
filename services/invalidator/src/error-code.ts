/** The system's short word for an error (`ENOENT`), which is all of it that is told: its text may name more than we want. */
export function errorCodeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
}

import { createHash } from "node:crypto";
import { unescaped } from "./bad-input-lines.ts";

/** How a record ended, as the log tells it: keys are hashes there. */
export interface Decision {
  readonly outcome: string;
  readonly keys?: readonly string[];
}

/** What was decided in the words of the files; `expected` itself where it is that. */
export function verdict({ outcome, keys = [] }: Decision, expected: string, keyPrefix = ""): string {
  if (outcome !== "applied") return outcome;
  if (/^applied \d+ keys$/.test(expected)) return `applied ${keys.length} keys`;
  const names = expected.split(" ").slice(1);
  const hashes = names.map((name) =>
    createHash("sha256")
      .update(keyPrefix + unescaped(name))
      .digest("hex")
      .slice(0, 12),
  );
  return hashes.join() === keys.join() ? expected : `applied other keys (${keys.join()})`;
}

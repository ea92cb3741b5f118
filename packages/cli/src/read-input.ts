import { FreshetError, isJsonObject, type JsonObject, parseJson } from "@freshet/protocol";
import type { Deps } from "./deps.js";

/**
 * A file that the command line names.
 *
 * @throws FreshetError `usage` when it cannot be read.
 */
export async function readInput(path: string, deps: Deps): Promise<string> {
  try {
    return await deps.readText(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = reasons.get(code) ?? "it cannot be read";
    throw new FreshetError("FR1001", "usage", `${path}: ${reason}`, "Check the path; it is relative to the current folder.", error);
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "this user may not read it"],
  ["EFBIG", "it is larger than 16 MiB"],
  ["ETIMEDOUT", "nothing comes through this pipe"],
]);

/**
 * Text that must hold one JSON object; `what` names it in the error.
 *
 * @throws FreshetError `usage` otherwise.
 */
export function readObject(text: string, what: string): JsonObject {
  const value = parse(text);
  if (isJsonObject(value)) return value;
  const problem = value === undefined ? `${what} is not JSON` : `${what} is not a JSON object`;
  throw new FreshetError("FR1001", "usage", problem, "Give one object, e.g. '{\"price\": 1800}'; mind the shell's quotes.");
}

function parse(text: string) {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

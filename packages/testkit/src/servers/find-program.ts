import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { searchPath } from "../config.js";

/** The full path of a program on the PATH, or `null`. */
export function findProgram(name: string): string | null {
  const found = searchPath()
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
  return found ?? null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

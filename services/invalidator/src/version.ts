import { readFileSync } from "node:fs";
import { isJsonObject, parseJson } from "@freshet/protocol";

/** Of this build, from its package. */
export function versionOfService(): string {
  const file = parseJson(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const version = isJsonObject(file) ? file.version : undefined;
  return typeof version === "string" ? version : "unknown";
}

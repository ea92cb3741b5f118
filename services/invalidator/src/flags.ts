import { parseArgs } from "node:util";
import { FreshetError } from "@freshet/protocol";
import type { ConfigSources } from "./config-layers.js";
import { settings } from "./settings.js";

/**
 * The flags of a command line that has nothing but settings: `--mode observe --config freshet.yaml`.
 *
 * @throws FreshetError FR1001 for anything else.
 */
export function readFlags(args: readonly string[]): ConfigSources["flags"] {
  const names = ["config", ...settings.flatMap(({ flag }) => (flag === null ? [] : [flag]))];
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : undefined]));
  } catch (error) {
    const problem = error instanceof TypeError ? (error.message.split(/[.\n]/)[0] ?? "") : "the flags cannot be read";
    throw new FreshetError(
      "FR1001",
      "usage",
      problem,
      `Flags are --config and ${names
        .slice(1)
        .map((name) => `--${name}`)
        .join(", ")}.`,
    );
  }
}

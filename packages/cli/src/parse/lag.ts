import { type Command, InvalidArgumentError } from "commander";
import { lag } from "../commands/lag.js";
import { act, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

const STALE_AFTER_MS = 60_000;

/** `freshet lag`: how far behind, in records and in seconds. */
export function addLag(program: Command, wiring: Wiring): void {
  const command = program
    .command("lag")
    .description("how far behind, per partition: records, seconds, state and why;\nalso when no service runs")
    .option("--stale-after <time>", "older records are a finding (30s, 5m); default: 60s", readStaleAfter, STALE_AFTER_MS)
    .option("--json", "one JSON object (schemas/lag.v1.json)", false);
  examples(command, ["freshet lag", "freshet lag --stale-after 10s --json"]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => lag(io, deps, { ...command.opts(), flags: flagsOf(command) }));
}

const UNITS_MS = new Map([
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

function readStaleAfter(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const unitMs = UNITS_MS.get(unit);
  if (digits === undefined || unitMs === undefined) throw new InvalidArgumentError("It must be a time such as 30s, 5m or 2h.");
  return Number(digits) * unitMs;
}

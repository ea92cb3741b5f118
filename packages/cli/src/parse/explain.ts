import { type Command, InvalidArgumentError } from "commander";
import { explainKey } from "../commands/explain.js";
import { actUntilStopped, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

const EVENTS_SHOWN = 20;
const EVENTS_SHOWN_MAX = 1000;
const SCAN = 100_000;
const SCAN_MAX = 10_000_000;

/** `freshet explain KEY`: why an entry is as it is. It reads, and nothing else. */
export function addExplain(program: Command, wiring: Wiring): void {
  const command = program
    .command("explain <key>")
    .description("why an entry is as it is: its state, its rules, the events that touch it")
    .requiredOption("--family <family>", "the entry's family in the rules file")
    .option("--since <time>", "events since so long ago (90m, 24h), or since a time\n(2026-11-21T03:00Z); default: 1h", "1h")
    .option("--limit <events>", `events to show, newest first; default: ${EVENTS_SHOWN}`, between(EVENTS_SHOWN_MAX), EVENTS_SHOWN)
    .option("--scan <records>", `records to read at most, the newest; default: ${SCAN}`, between(SCAN_MAX), SCAN)
    .option("--json", "one JSON object (schemas/explain.v1.json)", false);
  examples(command, ["freshet explain page:42 --family product-page", "freshet explain page:42 --family product-page --since 24h --json"]);
  addSettingFlags(command, "hidden");
  actUntilStopped(command, wiring, (io, deps) => {
    const [key = ""] = command.args;
    return explainKey(io, deps, { ...command.opts(), key, flags: flagsOf(command) });
  });
}

function between(max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,8}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > max) throw new InvalidArgumentError(`It must be 1 to ${max}.`);
    return value;
  };
}

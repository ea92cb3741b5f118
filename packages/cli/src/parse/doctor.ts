import type { Command } from "commander";
import { doctor } from "../commands/doctor.js";
import { supportBundle } from "../commands/support-bundle.js";
import { act, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";
import { readTime } from "./times.js";

const REPLAY_WINDOW_MS = 86_400_000;
const STALE_AFTER_MS = 60_000;

/** `freshet doctor` and `freshet support-bundle`. */
export function addDoctor(program: Command, wiring: Wiring): void {
  const command = withTerms(program.command("doctor"))
    .description("what is not as it must be: rules, brokers, topics, rights,\nRedis, clocks, bounds; each with its cause and fix")
    .option("--json", "one JSON object (schemas/doctor.v1.json)", false);
  examples(command, ["freshet doctor", "freshet doctor --rules rules.yaml --replay-window 7d --json"]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => doctor(io, deps, { ...terms(command), json: command.opts().json === true, flags: flagsOf(command) }));
  addSupportBundle(program, wiring);
}

/** `freshet support-bundle`. */
function addSupportBundle(program: Command, wiring: Wiring): void {
  const command = withTerms(program.command("support-bundle"))
    .description("one JSON file with what support asks for first;\nno payloads, no secrets")
    .requiredOption("--out <file>", "the file to write; one that is there is not replaced")
    .option("--json", "one JSON object that says what was written", false);
  examples(command, ["freshet support-bundle --out bundle.json", "freshet support-bundle --out /tmp/bundle.json --stale-after 5m"]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => {
    const { out, json } = command.opts<{ readonly out: string; readonly json: boolean }>();
    return supportBundle(io, deps, { ...terms(command), out, json, flags: flagsOf(command) });
  });
}

function withTerms(command: Command): Command {
  return command
    .option("--replay-window <time>", "sources must keep records so long (24h, 7d);\ndefault: 24h", readTime, REPLAY_WINDOW_MS)
    .option("--stale-after <time>", "older records that wait are a finding (30s, 5m);\ndefault: 60s", readTime, STALE_AFTER_MS);
}

function terms(command: Command): { readonly replayWindowMs: number; readonly staleAfterMs: number } {
  const { replayWindow, staleAfter } = command.opts<{ readonly replayWindow: number; readonly staleAfter: number }>();
  return { replayWindowMs: replayWindow, staleAfterMs: staleAfter };
}

import type { Command } from "commander";
import { replayAbort } from "../commands/replay-abort.js";
import { replayResume } from "../commands/replay-resume.js";
import { replayDlq, replayHistory } from "../commands/replay-start.js";
import { replayStatus } from "../commands/replay-status.js";
import { act, actUntilStopped, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

/** Of the replay; the rules that run are FRESHET_RULES or the configuration file's. */
const OWN = ["rules"];

/** `freshet replay dlq | history | status | resume | abort`. */
export function addReplay(program: Command, wiring: Wiring): void {
  const replay = program.command("replay").description("replay dead letters or history through the service's own pipeline");
  examples(replay, [
    "freshet replay dlq --since 24h --rules corrected.yaml",
    "freshet replay history --topic shop.products --from 3h --to 0s --apply",
  ]);
  addDlq(replay, wiring);
  addHistory(replay, wiring);
  addStatus(replay, wiring);
  addResume(replay, wiring);
  addAbort(replay, wiring);
}

function addDlq(replay: Command, wiring: Wiring): void {
  const command = replay
    .command("dlq")
    .description("dead letters: shows what would happen; does it with --apply")
    .option("--since <time>", "written then or later: 24h (ago), 2026-11-21T03:00Z")
    .option("--until <time>", "written before")
    .option("--reason <reason>", "those that failed for it, e.g. rule_error")
    .option("--rule <name>", "those that failed in this rule")
    .option("--resolved", "also those that a replay has resolved before", false)
    .option("--newest-first", "the newest 50000 offsets of a partition first, in their order; --limit takes the first of them", false);
  addCommon(command);
  examples(command, [
    "freshet replay dlq --since 24h --reason rule_error --rules corrected.yaml",
    "freshet replay dlq --since 24h --rules corrected.yaml --apply \\\n    --because INC-42",
  ]);
  addSettingFlags(command, "hidden", OWN);
  actUntilStopped(command, wiring, (io, deps) => replayDlq(io, deps, { ...command.opts(), flags: flagsOf(command, OWN) }));
}

function addHistory(replay: Command, wiring: Wiring): void {
  const command = replay
    .command("history")
    .description("what a topic holds of a time: shows what would happen; does it with --apply")
    .requiredOption("--topic <topic>", "a topic of the rules file")
    .requiredOption("--from <time>", "written then or later: 3h (ago), 2026-11-21T03:00Z")
    .requiredOption("--to <time>", "written before; 0s is now")
    .option("--reason <text>", "the same as --because");
  addCommon(command);
  examples(command, [
    "freshet replay history --topic shop.products --from 3h --to 0s \\\n    --rules corrected.yaml",
    "freshet replay history --topic shop.products --from 2026-11-21T03:00Z \\\n    --to 2026-11-21T04:30Z --where 'data.price > 5' --apply",
  ]);
  addSettingFlags(command, "hidden", OWN);
  actUntilStopped(command, wiring, (io, deps) => replayHistory(io, deps, { ...command.opts(), flags: flagsOf(command, OWN) }));
}

function addCommon(command: Command): void {
  command
    .option("--where <cel>", "of those, whose event this holds for")
    .option("--rules <file>", "a corrected rules file, compared with the one that runs")
    .option("--limit <records>", "at most so many records")
    .option("--rate <records>", "records a second, or max; default: 2000")
    .option("--bust-rate <busts>", "busts a second, or max; default: 4000")
    .option("--force", "ignore versions: bust what is newer, too", false)
    .option("--apply", "do it, as a job that can be stopped and resumed", false)
    .option("--because <text>", "why, for the audit trail")
    .option("--confirm-above <keys>", "ask for more keys than these; default: 100000")
    .option("--yes", "do not ask", false)
    .option("--json", "one JSON object", false);
}

function addStatus(replay: Command, wiring: Wiring): void {
  const command = replay
    .command("status [id]")
    .description("one job, or all of them")
    .option("--json", "one JSON object a job and line", false);
  examples(command, ["freshet replay status", "freshet replay status 7c9e6679 --json"]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => {
    const [id] = command.args;
    return replayStatus(io, deps, { ...command.opts(), flags: flagsOf(command), ...(id === undefined ? {} : { id }) });
  });
}

function addResume(replay: Command, wiring: Wiring): void {
  const command = replay
    .command("resume <id>")
    .description("go on with a job, on any machine, also when its process died")
    .option("--rules <file>", "the rules it was planned with, where they were not kept")
    .option("--json", "one JSON object", false);
  examples(command, ["freshet replay resume 7c9e6679", "FRESHET_DEPLOYMENT=blue freshet replay resume 7c9e6679 --json"]);
  addSettingFlags(command, "hidden", OWN);
  actUntilStopped(command, wiring, (io, deps) =>
    replayResume(io, deps, { ...command.opts(), id: command.args[0] ?? "", flags: flagsOf(command, OWN) }),
  );
}

function addAbort(replay: Command, wiring: Wiring): void {
  const command = replay
    .command("abort <id>")
    .description("end a job for good, wherever it runs; what it busted stays so")
    .option("--because <text>", "why, for the audit trail")
    .option("--json", "one JSON object", false);
  examples(command, ["freshet replay abort 7c9e6679", "freshet replay abort 7c9e6679 --because INC-42"]);
  addSettingFlags(command, "hidden");
  actUntilStopped(command, wiring, (io, deps) =>
    replayAbort(io, deps, { ...command.opts(), id: command.args[0] ?? "", flags: flagsOf(command) }),
  );
}

import { type Command, InvalidArgumentError } from "commander";
import { dlqList } from "../commands/dlq-list.js";
import { dlqShow } from "../commands/dlq-show.js";
import { dlqStats } from "../commands/dlq-stats.js";
import { actUntilStopped, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

const LIMIT_MAX = 10_000;
const GROUPS_SHOWN = 20;
const ROWS_SHOWN = 10;

/** `freshet dlq list | stats | show`: dead letters, Freshet's own and those of others. They are read, and nothing else. */
export function addDeadLetters(program: Command, wiring: Wiring): void {
  const dlq = program.command("dlq").description("dead letters: what failed, why, and whether it is resolved");
  examples(dlq, ["freshet dlq list --since 24h", "freshet dlq show 3-17"]);
  addList(dlq, wiring);
  addStats(dlq, wiring);
  addShow(dlq, wiring);
}

function addList(dlq: Command, wiring: Wiring): void {
  const command = addChoice(dlq.command("list").description("dead letters by cause, most open ones first"))
    .option("--limit <groups>", `groups to show; default: ${GROUPS_SHOWN}`, readLimit, GROUPS_SHOWN)
    .option("--json", "one JSON object (schemas/dlq-list.v1.json)", false);
  examples(command, [
    "freshet dlq list --since 24h",
    "freshet dlq list --reason rule_error \\\n    --where 'data.brand == \"acme\"' --json",
  ]);
  addSettingFlags(command, "hidden");
  actUntilStopped(command, wiring, (io, deps) => dlqList(io, deps, { ...command.opts(), flags: flagsOf(command) }));
}

function addStats(dlq: Command, wiring: Wiring): void {
  const command = addChoice(dlq.command("stats").description("dead letters by reason, rule, topic, tenant and time"))
    .option("--limit <rows>", `rows to show of each table; default: ${ROWS_SHOWN}`, readLimit, ROWS_SHOWN)
    .option("--json", "one JSON object (schemas/dlq-stats.v1.json)", false);
  examples(command, ["freshet dlq stats", "freshet dlq stats --topic shop.orders.DLT --since 7d"]);
  addSettingFlags(command, "hidden");
  actUntilStopped(command, wiring, (io, deps) => dlqStats(io, deps, { ...command.opts(), flags: flagsOf(command) }));
}

function addShow(dlq: Command, wiring: Wiring): void {
  const command = dlq
    .command("show <id>")
    .description("all of one dead letter; its payload only when asked for")
    .option("--topic <topic>", "a dead-letter topic of somebody else")
    .option("--payload", "show key, value and every header: they may be private", false)
    .option("--json", "one JSON object (schemas/dlq-show.v1.json)", false);
  examples(command, ["freshet dlq show 3-17", "freshet dlq show 0-4711 --topic shop.orders.DLT --payload"]);
  addSettingFlags(command, "hidden");
  actUntilStopped(command, wiring, (io, deps) => {
    const [id = ""] = command.args;
    return dlqShow(io, deps, { ...command.opts(), id, flags: flagsOf(command) });
  });
}

/** The options that choose letters. */
function addChoice(command: Command): Command {
  return command
    .option("--since <time>", "written so long ago at most (90m, 24h, 7d), or since a\ntime (2026-11-21T03:00Z); default: all that is kept")
    .option("--until <time>", "written before; default: what is there now")
    .option("--reason <reason>", "of this reason only, e.g. rule_error")
    .option("--rule <rule>", 'that failed in this rule; "" is before any rule')
    .option("--where <cel>", "whose event makes this true, e.g. 'tenant == \"acme\"'")
    .option("--topic <topic>", "a dead-letter topic of somebody else (Kafka Connect,\nKafka Streams, Spring, share groups)");
}

function readLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw new InvalidArgumentError(`It must be 1 to ${LIMIT_MAX}.`);
  return limit;
}

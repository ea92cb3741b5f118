// Decodes and maps mutated records, in a process of its own that a test can kill: `fuzz-main.ts SEED COUNT`. Prints how they ended,
// or the first one that broke a promise.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProduceRecord } from "@freshet/kafka";
import { type Bust, deadReasons, decodeEvent, type KafkaRecord, parseVersion } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { badInputs, CANARY } from "./bad-input-lines.ts";
import { BAD_INPUT_RULES, BAD_INPUT_TOPICS, badRecord } from "./bad-input-records.ts";
import { mutated } from "./mutations.ts";
import { seeded } from "./seeded.ts";

const [seed, count] = process.argv.slice(2).map(Number);
const random = seeded(seed ?? 0);
const { rules } = loadRules(BAD_INPUT_RULES);
if (rules === null) throw new Error("the rules of the test have findings");
const KEY = /^(?:page:[^{}:\p{Cc} ]+|pair:[^{}:\p{Cc} ]+:[^{}:\p{Cc} ]+|brand:[^{}:\p{Cc} ]+)$/u;
const LARGE = 20_000;

const isRecord = (source: string): boolean => (BAD_INPUT_TOPICS as readonly string[]).includes(source);
const fixed = badInputs()
  .filter(({ source }) => isRecord(source))
  .map(badRecord);
const seeds = [
  ...fixed,
  ...real("plain.public.product", "rows"),
  ...real("wrapped.public.product", "rows"),
  ...real("outbox.event.product", "outbox"),
];
const small = seeds.filter(({ value, headers }) => (value?.length ?? 0) < LARGE && headers.length < 50);
const byTopic = Map.groupBy(small, ({ topic }) => topic);

/** Records that a real Debezium wrote. */
function real(name: string, topic: string): ProduceRecord[] {
  const file = join(import.meta.dirname, "../../../packages/protocol/tests/fixtures/debezium", `${name}.ndjson`);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const { headers = [], key, payload }: { headers?: string[]; key: string | null; payload: string | null } = JSON.parse(line);
    const pairs = headers.flatMap((header, at) => (at % 2 === 0 ? [{ name: header, value: Buffer.from(headers[at + 1] ?? "") }] : []));
    const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
    return { topic, key: bytes(key), value: bytes(payload), headers: pairs };
  });
}

/** How a record ends; throws when a promise is broken. */
function outcomeOf(record: KafkaRecord): string {
  const decoded = decodeEvent(record, rules?.sourcesOf(record.topic) ?? []);
  if (decoded.kind === "rejected") return rejection(decoded.rejection);
  if (decoded.kind !== "event") return decoded.kind;
  const { event } = decoded;
  for (const text of [event.id, event.subject, event.type, event.time]) require(typeof text === "string", "a text is none");
  require(event.subject !== "" && event.subject.isWellFormed() && !/\p{Cc}/u.test(event.subject), "the subject is none");
  require(event.version === null || parseVersion(event.version) === event.version, "the version is none");
  require(event.timeUs === null || Number.isFinite(event.timeUs), "the time is none");
  require(Object.values(event.headers).every((value) => value === null || typeof value === "string"), "a header is no text");
  const mapped = rules?.map(event);
  if (mapped?.kind === "rejected") return rejection(mapped.rejection);
  for (const bust of mapped?.busts ?? []) checkBust(bust);
  return mapped?.busts.length === 0 ? "no_match" : "busts";
}

function rejection({ reason, message, fix }: { readonly reason: string; readonly message: string; readonly fix: string }): string {
  require((deadReasons as readonly string[]).includes(reason), "the reason is none");
  require(!`${message} ${fix}`.includes(CANARY), "a rejection tells a piece of the record");
  return reason;
}

function checkBust(bust: Bust): void {
  const name = bust.target === "key" ? bust.key : bust.tag;
  require(KEY.test(name) && name.isWellFormed() && Buffer.byteLength(name) <= 512, "a key is none");
}

function require(isKept: boolean, promise: string): void {
  if (!isKept) throw new Error(promise);
}

const ended: Record<string, number> = {};
for (let at = 0; at < (count ?? 0); at++) {
  const topic = random.pick(BAD_INPUT_TOPICS);
  const from = random.chance(0.85) ? (byTopic.get(topic) ?? small) : small;
  const start = from[random.integer(0, from.length - 1)];
  if (start === undefined) throw new Error("there are no records");
  const { key, value, headers } = mutated(start, small, random);
  const record = { topic, partition: 0, offset: at, timestampMs: 0, key, value, headers };
  try {
    const outcome = `${topic} ${outcomeOf(record)}`;
    ended[outcome] = (ended[outcome] ?? 0) + 1;
  } catch (error) {
    const shown = { at, topic, key: hex(key), value: hex(value), headers: headers.map((header) => [header.name, hex(header.value)]) };
    throw new Error(`record ${JSON.stringify(shown)}`, { cause: error });
  }
}
process.stdout.write(`${JSON.stringify({ ended, rssMb: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`);

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("hex").slice(0, 4000);
}

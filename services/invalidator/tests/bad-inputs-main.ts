// Runs all bad inputs through the service, in a process of its own that a test can bound and kill: `bad-inputs-main.ts`. Its broker
// and its Redis are in memory, all else is as in production. Prints one JSON line for each input, and one at the end.
import { loadConfig, runService } from "@freshet/invalidator";
import { createMemoryLog } from "@freshet/kafka";
import { createMemoryStore } from "@freshet/store";
import { type BadInput, badInputs, CANARY } from "./bad-input-lines.ts";
import { judgeOthers } from "./bad-input-others.ts";
import { BAD_INPUT_RULES, BAD_INPUT_TOPICS, badRecord } from "./bad-input-records.ts";
import { createCapture } from "./captured-log.ts";

const DEAD_LETTERS = "freshet.dlq.bad";
const BYTES_MAX = 32 * 1024 * 1024;

const lines = badInputs();
const isRecord = ({ source }: BadInput): boolean => (BAD_INPUT_TOPICS as readonly string[]).includes(source);
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const log = createMemoryLog({ clock: { nowMs: () => Date.now() } });
const store = createMemoryStore({ nowUs: () => Date.now() * 1000 });
const client = log.client();
for (const topic of [...BAD_INPUT_TOPICS, DEAD_LETTERS]) {
  const room = topic === DEAD_LETTERS ? BYTES_MAX + 1024 * 1024 : BYTES_MAX;
  await client.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: { "max.message.bytes": String(room) } }]);
}
const sent = new Map<string, BadInput>();
const counts = new Map<string, number>();
for (const line of lines.filter(isRecord)) {
  const offset = counts.get(line.source) ?? 0;
  sent.set(`${line.source}/${offset}`, line);
  counts.set(line.source, offset + 1);
  await client.produce([badRecord(line)]);
}

const capture = createCapture();
const stop = new AbortController();
const said: string[] = [];
const env = { FRESHET_DEPLOYMENT: "bad", FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0", FRESHET_LOG_LEVEL: "trace" };
const readText = (path: string): string => {
  if (path === "rules.yaml") return BAD_INPUT_RULES;
  throw Object.assign(new Error("none"), { code: "ENOENT" });
};
const service = runService({
  config: () => loadConfig({ env, flags: {}, readText }),
  stop: stop.signal,
  talk: (line) => void said.push(line),
  overrides: { kafka: log.client(), store, logger: capture.logger, readText },
});
const ended = service.then((code) => {
  throw new Error(`the service ended with ${code}: ${said.join(" ")}`);
});
await Promise.race([capture.decided(sent.size), ended]);

for (const [place, { outcome, keys }] of capture.decisions()) {
  const line = sent.get(place);
  if (line !== undefined) tell({ place: line.place, outcome, keys });
}
for (const judged of await judgeOthers(
  lines.filter((line) => !isRecord(line)),
  capture.address(),
))
  tell(judged);
stop.abort();
const code = await service;

/** Letters that are not their record byte for byte, or have another's place. */
const wrongLetters = log.records(DEAD_LETTERS).filter((letter) => {
  const text = (name: string): string => textOf(letter.headers.findLast((header) => header.name === name)?.value);
  const record = log.records(text("__dlq.errors.topic"))[Number(text("__dlq.errors.offset"))];
  if (record === undefined) return true;
  const own = letter.headers.filter(({ name, value }) => !isAdded(name) || textOf(value) === "forged"); // overwritten, not kept
  const original = record.headers.filter(({ name }) => !isAdded(name));
  return !isSame([letter.key, letter.value], [record.key, record.value]) || !isSame(own.map(flat), original.map(flat));
});

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

function isAdded(name: string): boolean {
  return name.startsWith("freshet-") || name.startsWith("__dlq.errors.");
}

function flat({ name, value }: { readonly name: string; readonly value: Uint8Array | null }): Buffer {
  return Buffer.concat([Buffer.from(`${name}=`), value ?? Buffer.from("null")]);
}

function isSame(some: readonly (Uint8Array | null)[], others: readonly (Uint8Array | null)[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((one, at) => {
    const other = others[at] ?? null;
    return one === null || other === null ? one === other : Buffer.compare(one, other) === 0;
  });
}

tell({
  end: true,
  code,
  records: sent.size,
  letters: log.records(DEAD_LETTERS).length,
  wrongLetters: wrongLetters.length,
  bugs: log.records(DEAD_LETTERS).filter((letter) => letter.headers.some(({ value }) => textOf(value).includes("bug in Freshet"))).length,
  leaks: [...capture.lines(), ...said].filter((line) => line.includes(CANARY)).length,
  logLines: capture.lines().length,
  rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
});

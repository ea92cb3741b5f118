import { freshPrefix, testKafkaBroker, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type BadInput, badInputs, CANARY } from "./bad-input-lines.ts";
import { BAD_INPUT_RULES, BAD_INPUT_TOPICS, badRecord } from "./bad-input-records.ts";
import { verdict } from "./bad-input-verdict.ts";
import { decisionsIn } from "./captured-log.ts";
import type { SentRecord } from "./oracle.js";
import { drained, openScene, type Scene, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { ReadRecord } from "./topics.js";

const SAMPLE = 60;
/** A broker takes a megabyte, as most are set up; kafkajs as a producer knows no header named `__proto__`. */
const RECORD_BYTES_MAX = 800_000;

const name = freshPrefix("bad");
const keyPrefix = `${name}:`;
const sample = sampleOf(badInputs().filter(({ source }) => (BAD_INPUT_TOPICS as readonly string[]).includes(source)));

function sampleOf(lines: readonly BadInput[]): readonly BadInput[] {
  const fitting = lines.filter((line) => {
    const { value, headers } = badRecord(line);
    const bytes = headers.reduce((sum, header) => sum + header.name.length + (header.value?.length ?? 0), value?.length ?? 0);
    return bytes < RECORD_BYTES_MAX && !headers.some((header) => header.name === "__proto__");
  });
  return Array.from({ length: SAMPLE }, (_, at) => fitting.at(Math.floor((at * fitting.length) / SAMPLE))).filter(
    (line) => line !== undefined,
  );
}

function sentOf(line: BadInput): SentRecord {
  const { key, value, headers } = badRecord(line);
  const buffer = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
  return { partition: 0, key: buffer(key), value: buffer(value), headers: headers.map((header) => [header.name, buffer(header.value)]) };
}

/** By the name of a topic in the files. */
const lines = Map.groupBy(sample, ({ source }) => source);
const topicOf = (source: string): string => `${name}.${source}`;

/** The file's own rules, with topics and keys of this test alone. */
function rules(): string {
  return BAD_INPUT_RULES.replaceAll(/topic: (\w+)/g, (_, source: string) => `topic: ${topicOf(source)}`).replaceAll(
    'key: "',
    `key: "${keyPrefix}`,
  );
}

let scene: Scene;
let service: ServiceProcess;
let letters: readonly ReadRecord[];

beforeAll(async () => {
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 1, rules });
  await scene.topics.create(Object.fromEntries(BAD_INPUT_TOPICS.map((source) => [topicOf(source), { partitions: 1 }])));
  for (const [source, list] of lines) await scene.topics.send(topicOf(source), list.map(sentOf));
  service = await scene.start({ env: { FRESHET_LOG_LEVEL: "debug" } });
  for (const [source, list] of lines) await drained({ ...scene, topic: topicOf(source) }, service, list.length);
  letters = await scene.topics.readAll(scene.deadLetterTopic);
}, 360_000);

afterAll(async () => {
  await scene.close();
});

test("on a real broker and a real Redis, bad inputs become what they must", () => {
  const decisions = decisionsIn(service.output().split("\n"));
  const told = [...lines].flatMap(([source, list]) =>
    list.map(({ place, expected }, at) => {
      const decision = decisions.get(`${topicOf(source)}/${at}`);
      return `${place} ${decision === undefined ? "nothing" : verdict(decision, expected, keyPrefix)}`;
    }),
  );
  expect(told).toHaveLength(SAMPLE);
  expect(told).toEqual([...lines.values()].flat().map(({ place, expected }) => `${place} ${expected}`));
});

test("each dead letter is its record, byte for byte, as often as it was delivered", () => {
  const textOf = (letter: ReadRecord, header: string): string => letter.headers.get(header)?.[0]?.toString() ?? "";
  const expected = [...lines].flatMap(([source, list]) =>
    list.flatMap((line, at) =>
      line.expected.startsWith("dead ") ? [`${topicOf(source)}/${at} ${line.expected} ${print(badRecord(line))}`] : [],
    ),
  );
  const found = letters.map((letter) => {
    const place = `${textOf(letter, "__dlq.errors.topic")}/${textOf(letter, "__dlq.errors.offset")}`;
    const headers = [...letter.headers].flatMap(([header, values]) => values.map((value) => ({ name: header, value })));
    return `${place} dead ${textOf(letter, "freshet-reason")} ${print({ ...letter, headers })}`;
  });
  expect(expected.length).toBeGreaterThan(SAMPLE / 3);
  expect(new Set(found)).toEqual(new Set(expected));
});

/** Everything of a record but what Freshet adds; the order of headers of one name counts. */
function print(record: {
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: readonly { name: string; value: Uint8Array | null }[];
}): string {
  const hex = (bytes: Uint8Array | null): string => (bytes === null ? "null" : Buffer.from(bytes).toString("hex"));
  const own = record.headers.filter((header) => !header.name.startsWith("freshet-") && !header.name.startsWith("__dlq.errors."));
  const byName = [...Map.groupBy(own, (header) => header.name)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const headers = byName.map(([header, values]) => `${header}=${values.map(({ value }) => hex(value)).join("+")}`);
  return [hex(record.key), hex(record.value), ...headers].join(" ");
}

test("the service says nothing of what they hold, and ends as usual", async () => {
  expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  expect(service.output().split("\n").length).toBeGreaterThan(SAMPLE);
  expect(service.output()).not.toContain(CANARY);
});

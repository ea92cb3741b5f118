import type { Redis } from "ioredis";
import kafkajs from "kafkajs";

/** What all contenders of one run share: the events, the subjects, the topic, the two servers. */
export interface Workload {
  readonly broker: string;
  readonly redisUrl: string;
  readonly topic: string;
  /** Before each key, so that runs do not meet. */
  readonly prefix: string;
  readonly events: number;
  readonly subjects: number;
}

export const PARTITIONS = 6;
const EVENT_BYTES = 250;
const PRODUCE_BATCH = 5000;

/** How many times each subject changes. The last round is the one the end state is checked by. */
export function roundsOf(workload: Workload): number {
  return workload.events / workload.subjects;
}

/** The id of a subject: even ones are products, odd ones are articles. */
export function eventText(subject: number, round: number): string {
  const type = subject % 2 === 0 ? "product.updated" : "article.updated";
  const head = `{"specversion":"1.0","id":"${round}-${subject}","source":"/bench","type":"${type}","subject":"${subject}","freshetversion":"${round}"`;
  const data = `"data":{"price":${round},"previous":{"price":${round - 1}},"name":"`;
  return `${head},${data}${"n".repeat(Math.max(0, EVENT_BYTES - head.length - data.length - 4))}"}}`;
}

/** The round-th change of a subject. */
export interface Change {
  readonly id: number;
  readonly round: number;
}

/** Round after round, each subject once a round. */
function* rounds(workload: Workload): Generator<Change> {
  for (let round = 1; round <= roundsOf(workload); round++) for (let id = 0; id < workload.subjects; id++) yield { id, round };
}

/** Creates the topic and writes an event for each change, its key the subject. */
export async function writeEvents(workload: Workload, changes: Iterable<Change> = rounds(workload)): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: workload.topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  let messages: { key: string; value: string }[] = [];
  const flush = async () => void (messages.length > 0 && (await producer.send({ topic: workload.topic, messages })));
  for (const { id, round } of changes) {
    messages.push({ key: String(id), value: eventText(id, round) });
    if (messages.length < PRODUCE_BATCH) continue;
    await flush();
    messages = [];
  }
  await flush();
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

/** The key of a subject's page. */
export function keyOf(
  prefix: string,
  subject: number | string,
  type = Number(subject) % 2 === 0 ? "product.updated" : "article.updated",
): string {
  return `${prefix}${type === "product.updated" ? "p" : "a"}:${subject}`;
}

/** What the entries of a contender look like: products and articles by turns, as `eventText` has them. */
export type EntryLayout = "hash-and-json" | "managed" | "hash" | "none";

/**
 * Puts back half the entries (subjects 0 and 1 of every four), as they were when this round's changes were loaded. In Redis itself, so that
 * it costs the contender as little as it can.
 */
const PUT_BACK = `
local prefix, layout, first, last, round = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local page, keys, subjects, isJson = string.rep('x', 200), {}, {}, {}
for id = first, last do
  if id % 4 < 2 then
    local odd, at = id % 2 == 1, #keys + 1
    keys[at], subjects[at], isJson[at] = prefix .. (odd and 'a:' or 'p:') .. id, (odd and 'content.article/' or 'catalog.product/') .. id, odd
  end
end
if layout == 'managed' then
  -- as a fill does it: what a bust left stays beside the value
  local marks = redis.call('MGET', unpack(keys))
  redis.call('UNLINK', unpack(keys))
  for at, key in ipairs(keys) do
    local left = marks[at] and '\\n\\f' .. marks[at] or ''
    redis.call('HSET', key, 'v', page, 'd', '\\n' .. subjects[at] .. '\\t' .. round .. left)
  end
elseif layout == 'hash-and-json' then
  local json = '{"version":' .. round .. ',"page":"' .. page .. '"}'
  for at, key in ipairs(keys) do
    if isJson[at] then redis.call('SET', key, json) else redis.call('HSET', key, 'version', round, 'page', page) end
  end
else
  for _, key in ipairs(keys) do redis.call('HSET', key, 'version', round, 'page', page) end
end`;
const PUT_BACK_STEP = 1000;

export async function putBack(
  redis: Redis,
  workload: Workload,
  { layout, round }: { readonly layout: EntryLayout; readonly round: number },
): Promise<void> {
  if (layout === "none") return;
  for (let first = 0; first < workload.subjects; first += PUT_BACK_STEP) {
    const last = Math.min(first + PUT_BACK_STEP, workload.subjects) - 1;
    await redis.eval(PUT_BACK, 0, workload.prefix, layout, first, last, round);
  }
}

/** Removes what a contender's run has left, so that the next one finds a Redis of the same size. */
export async function removeEntries(redis: Redis, workload: Workload, layout: EntryLayout): Promise<void> {
  if (layout === "none") return;
  const keys = Array.from({ length: workload.subjects }, (_, id) => keyOf(workload.prefix, id));
  for (let at = 0; at < keys.length; at += PUT_BACK_STEP) await redis.unlink(keys.slice(at, at + PUT_BACK_STEP));
}

/**
 * Counts entries that are older than the last change of their subject: 0, or the run did not do its work. Every key that
 * could be there is looked at.
 */
export async function countStale(redis: Redis, workload: Workload, layout: EntryLayout): Promise<number> {
  if (layout === "none") return 0;
  // A managed entry is a hash; what a bust leaves there is a string.
  const text = layout === "managed" ? "string" : "none";
  const keys = Array.from({ length: workload.subjects }, (_, id) => keyOf(workload.prefix, id));
  let stale = 0;
  for (let at = 0; at < keys.length; at += PUT_BACK_STEP) {
    const pipeline = redis.pipeline();
    for (const key of keys.slice(at, at + PUT_BACK_STEP))
      pipeline.eval(
        "local t = redis.call('TYPE', KEYS[1]).ok if t == 'hash' then return redis.call('HEXISTS', KEYS[1], 'v') + redis.call('HEXISTS', KEYS[1], 'version') end return (t == 'none' or t == ARGV[1]) and 0 or 1",
        1,
        key,
        text,
      );
    for (const [error, present] of (await pipeline.exec()) ?? []) if (error !== null || present !== 0) stale++;
  }
  return stale;
}

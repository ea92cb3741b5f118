import type { ChainableCommander, Redis } from "ioredis";
import type { Contents, Expected, ExpectedEntry, InitialEntry, ManagedContents } from "./oracle.js";

/**
 * Entries as other programs write and read them: straight with ioredis, by `docs/reference/redis-layout.md` and not by the
 * product's own code.
 */

const PIPELINED = 1000;
/** The one clock of an entry is its Redis': floors written here are as old as this test. */
type NowUs = number;

export async function writeEntries(redis: Redis, entries: readonly InitialEntry[]): Promise<void> {
  const nowUs = await redisTimeUs(redis);
  await inPipelines(redis, entries, (pipeline, entry) => write(pipeline, entry, nowUs));
}

function write(pipeline: ChainableCommander, entry: InitialEntry, nowUs: NowUs): void {
  if ("managed" in entry) {
    pipeline.hset(entry.key, fieldsOf(entry.managed, nowUs));
    if (entry.managed.value === null) pipeline.pexpire(entry.key, 3_600_000);
  } else if (entry.raw.type === "string") pipeline.set(entry.key, entry.raw.value);
  else if (entry.raw.type === "hash") pipeline.hset(entry.key, Object.fromEntries(entry.raw.fields));
}

function fieldsOf({ value, deps, floors }: ManagedContents, nowUs: NowUs): Record<string, string> {
  const lines = [...floors].map(([subject, version]) => `\n${subject}\t${version}\th${nowUs}`);
  const held = value === null ? {} : { v: value, d: depsText(deps) };
  return lines.length === 0 ? held : { ...held, f: lines.join("") };
}

function depsText(deps: ReadonlyMap<string, string>): string {
  return [...deps].map(([subject, version]) => `\n${subject}\t${version}`).join("");
}

/** How the entries in Redis differ from what the oracle foretold; empty when they do not. */
export async function differences(redis: Redis, initial: readonly InitialEntry[], expected: Expected): Promise<string[]> {
  const before = new Map(initial.map((entry) => [entry.key, entry]));
  const keys = [...expected.entries.keys()];
  const types = await inPipelines(redis, keys, (pipeline, key) => pipeline.type(key));
  const found = await inPipelines(redis, keys, (pipeline, key, at) => {
    if (types[at] === "hash") pipeline.hgetall(key);
    else if (types[at] === "string") pipeline.get(key);
    else pipeline.exists(key);
  });
  const ttls = await inPipelines(redis, keys, (pipeline, key) => pipeline.pttl(key));
  return keys.flatMap((key, at) => {
    const end = expected.entries.get(key);
    const difference = end === undefined ? null : compare(before.get(key), end, { found: found[at], ttlMs: Number(ttls[at]) });
    return difference === null ? [] : [`${key} => ${difference}`];
  });
}

interface Found {
  /** Fields of a hash, a string, or 0. */
  readonly found: unknown;
  readonly ttlMs: number;
}

function compare(before: InitialEntry | undefined, end: ExpectedEntry, { found, ttlMs }: Found): string | null {
  const fields =
    typeof found === "object" && found !== null ? new Map(Object.entries(found as Record<string, string>)) : new Map<string, string>();
  const floors = floorsIn(fields.get("f") ?? "");
  if (show(floors) !== show(end.floors)) return `floors ${show(floors)} instead of ${show(end.floors)}`;
  const wanted = end.value === "unchanged" ? valueBefore(before) : "nothing";
  fields.delete("f");
  const got = typeof found === "string" ? JSON.stringify(found) : fields.size === 0 ? "nothing" : show(fields);
  if (got !== wanted) return `holds ${got} instead of ${wanted}`;
  const isFloorsOnly = end.value === "gone" && end.floors.size > 0;
  return isFloorsOnly && ttlMs <= 0 ? `has only floors and lives for ever (${ttlMs})` : null;
}

function valueBefore(entry: InitialEntry | undefined): string {
  if (entry === undefined) return "nothing";
  if ("managed" in entry)
    return show(
      new Map([
        ["v", entry.managed.value ?? ""],
        ["d", depsText(entry.managed.deps)],
      ]),
    );
  return contentsText(entry.raw);
}

function contentsText(raw: Contents): string {
  if (raw.type === "none") return "nothing";
  return raw.type === "string" ? JSON.stringify(raw.value) : show(raw.fields);
}

function show(map: ReadonlyMap<string, string>): string {
  return JSON.stringify([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Subject → version; a line that is not a hard floor is shown as it is, so that it differs. */
function floorsIn(text: string): ReadonlyMap<string, string> {
  const lines = text === "" ? [] : text.replace(/^\n/, "").split("\n");
  return new Map(
    lines.map((line) => {
      const match = /^([^\t]+)\t(\d+)\th\d{16}$/.exec(line);
      return match === null ? [line, "unreadable"] : [match[1] ?? "", match[2] ?? ""];
    }),
  );
}

async function redisTimeUs(redis: Redis): Promise<NowUs> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000_000 + Number(micros);
}

/** Queues a command (or more) for each item and answers with all replies in order. */
async function inPipelines<T>(
  redis: Redis,
  items: readonly T[],
  queue: (pipeline: ChainableCommander, item: T, at: number) => void,
): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (let from = 0; from < items.length; from += PIPELINED) {
    const pipeline = redis.pipeline();
    for (const [at, item] of items.slice(from, from + PIPELINED).entries()) queue(pipeline, item, from + at);
    for (const [error, reply] of (await pipeline.exec()) ?? []) {
      if (error !== null) throw error;
      replies.push(reply);
    }
  }
  return replies;
}

import type { ChainableCommander, Redis } from "ioredis";
import type { Contents, Expected, ExpectedEntry, InitialEntry } from "./oracle.js";

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
    const { value, deps, floors } = entry.managed;
    const marks = [...floors].map(([subject, version]) => `${nowUs}h${subject}\t${version}`);
    if (value !== null) pipeline.hset(entry.key, { v: value, d: `${depsText(deps)}${marks.map((mark) => `\n\f${mark}`).join("")}` });
    else if (marks.length > 0) pipeline.set(entry.key, marksText(marks), "PX", 3_600_000);
  } else if (entry.raw.type === "string") pipeline.set(entry.key, entry.raw.value);
  else if (entry.raw.type === "hash") pipeline.hset(entry.key, Object.fromEntries(entry.raw.fields));
}

/** What a key without a value holds: one floor bare, more of them as lines. */
function marksText(marks: readonly string[]): string {
  return marks.length === 1 ? marks.join("") : marks.map((mark) => `\n${mark}`).join("");
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
  const { floors, got } = read(found);
  if (show(floors) !== show(end.floors)) return `floors ${show(floors)} instead of ${show(end.floors)}`;
  const wanted = end.value === "unchanged" ? valueBefore(before) : "nothing";
  if (got !== wanted) return `holds ${got} instead of ${wanted}`;
  const isFloorsOnly = end.value === "gone" && end.floors.size > 0;
  return isFloorsOnly && ttlMs <= 0 ? `has only floors and lives for ever (${ttlMs})` : null;
}

/** A string that begins like marks has no value; the deps of a managed entry have its floors behind them. */
function read(found: unknown): { readonly floors: ReadonlyMap<string, string>; readonly got: string } {
  if (typeof found === "string") {
    if (!/^(?:\n\d{16}|\d{16}h)/.test(found)) return { floors: new Map(), got: JSON.stringify(found) };
    return { floors: floorsIn(found.replace(/^\n/, "").split("\n")), got: "nothing" };
  }
  if (typeof found !== "object" || found === null) return { floors: new Map(), got: "nothing" };
  const fields = new Map(Object.entries(found as Record<string, string>));
  const lines = (fields.get("d") ?? "").split("\n");
  const marks = lines.flatMap((line) => (line.startsWith("\f") ? [line.slice(1)] : []));
  if (fields.has("d")) fields.set("d", lines.filter((line) => !line.startsWith("\f")).join("\n"));
  return { floors: floorsIn(marks), got: fields.size === 0 ? "nothing" : show(fields) };
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
function floorsIn(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const match = /^\d{16}h([^\t]+)\t(\d+)$/.exec(line);
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

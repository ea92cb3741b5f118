// The source of truth, simulated in the same Redis under keys of its own: commits with their times, a primary, a replica that
// lags, and what has been acknowledged. All times are Redis' own, so no clock of a process can fake a result.
import { Redis } from "ioredis";
import type { Subject } from "./world.ts";

/** One state of one subject. */
export interface Committed {
  /** Counts the commits of the subject: what staleness is judged by. */
  readonly sequence: number;
  /** What events and deps carry. */
  readonly digits: string;
}

/** By subject: the newest commits whose busts were acknowledged, hard ones, and of either mode; 0 for none. */
export type Acknowledgements = ReadonlyMap<string, { readonly hard: number; readonly any: number }>;

export type AckMode = "hard" | "soft";

/** A commit list is kept this long, so that the end of a slow sweep still finds its commits. */
const HISTORY_US = 30_000_000;
/** Two commits within one of these share their version, in `timestamp` spaces. */
const TICK_US = 10_000;

const COMMIT = `local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local sequence = 1
if last[1] then
  sequence = tonumber(string.match(last[1], '^%d+')) + 1
  now = math.max(now, tonumber(last[2]))
end
local digits = '900719925' .. string.format('%010d', sequence)
if ARGV[1] == 'timestamp' then digits = string.format('%.0f', now - now % tonumber(ARGV[2])) end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), string.format('%010d:%s', sequence, digits))
local kept = redis.call('ZREVRANGEBYSCORE', KEYS[1], string.format('%.0f', now - tonumber(ARGV[3])), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
if kept[2] then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. kept[2]) end
return string.format('%010d:%s', sequence, digits)`;

const STATE = `local t = redis.call('TIME')
local at = string.format('%.0f', t[1] * 1000000 + t[2] - tonumber(ARGV[1]))
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('ZREVRANGEBYSCORE', key, at, '-inf', 'LIMIT', 0, 1)[1] or redis.call('ZRANGE', key, 0, 0)[1] or ''
end
return found`;

const ACK = `for i = 1, #ARGV, 2 do
  local held = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > held then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1`;

const NEWEST_BEFORE = `for _, member in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'LIMIT', 0, 1000)) do
  local sequence, digits = string.match(member, '^(%d+):(%d+)$')
  if ARGV[2] == '' or digits <= ARGV[2] then return tonumber(sequence) end
end
return 0`;

export class Source {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redisUrl: string, prefix: string) {
    this.#redis = new Redis(redisUrl);
    this.#prefix = prefix;
  }

  get redis(): Redis {
    return this.#redis;
  }

  async commit({ name, spaceKind }: Subject): Promise<Committed> {
    const member = await this.#redis.eval(COMMIT, 1, this.#history(name), spaceKind, TICK_US, HISTORY_US);
    return readCommitted(member);
  }

  /** One state for each subject, as of so many microseconds ago: 0 is the primary. */
  async stateOf(subjects: readonly Subject[], agoUs: number): Promise<readonly Committed[]> {
    const keys = subjects.map(({ name }) => this.#history(name));
    const found = await this.#redis.eval(STATE, keys.length, ...keys, agoUs);
    return Array.isArray(found) ? found.map(readCommitted) : [];
  }

  /** Their busts returned: from now on nothing older may be served. */
  async acknowledge(list: readonly { readonly subject: string; readonly sequence: number; readonly mode: AckMode }[]): Promise<void> {
    if (list.length === 0) return;
    const args = list.flatMap(({ subject, sequence, mode }) => [subject, sequence, ...(mode === "hard" ? [`${subject}!`, sequence] : [])]);
    await this.#redis.eval(ACK, 1, this.#acknowledged(), ...args);
  }

  async acknowledged(subjects: readonly Subject[]): Promise<Acknowledgements> {
    const fields = subjects.flatMap(({ name }) => [name, `${name}!`]);
    const found = await this.#redis.hmget(this.#acknowledged(), ...fields);
    const pairOf = (at: number) => ({ any: Number(found[2 * at] ?? 0), hard: Number(found[2 * at + 1] ?? 0) });
    return new Map(subjects.map(({ name }, at) => [name, pairOf(at)]));
  }

  /** The newest commit of the subject up to a time that is not above a version (`null`: whatever it has); 0 for none. */
  async newestBefore(subject: string, atUs: number, digits: string | null): Promise<number> {
    return Number(await this.#redis.eval(NEWEST_BEFORE, 1, this.#history(subject), atUs, digits ?? ""));
  }

  close(): void {
    this.#redis.disconnect();
  }

  #history(subject: string): string {
    return `${this.#prefix}source:${subject}`;
  }

  #acknowledged(): string {
    return `${this.#prefix}acknowledged`;
  }
}

function readCommitted(member: unknown): Committed {
  const [sequence = "", digits = ""] = String(member).split(":");
  return { sequence: Number.parseInt(sequence, 10), digits };
}

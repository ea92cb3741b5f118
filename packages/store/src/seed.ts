import { encodeDeps, type Fields, gateField, isMarks, managedFields, managedState, noEntry, type Version } from "@freshet/protocol";
import type { Cluster, Redis } from "ioredis";

export interface SeedTtl {
  /** Without it the entry stays until something removes it. */
  readonly ttlMs?: number;
}

export interface ManagedSeed extends SeedTtl {
  readonly value: string;
  readonly deps: ReadonlyMap<string, Version>;
}

/**
 * Puts entries where tests and the demo need them, past leases and floors. Not a way to fill a cache: nothing here
 * refuses an old value.
 */
export interface StoreSeed {
  /** Floors and a lease that are there stay. */
  putManaged(key: string, entry: ManagedSeed): Promise<void>;
  putHash(key: string, entry: SeedTtl & { readonly fields: Readonly<Record<string, string>> }): Promise<void>;
  putJson(key: string, entry: SeedTtl & { readonly text: string }): Promise<void>;
  putOpaque(key: string, entry: SeedTtl & { readonly value: string }): Promise<void>;
  /** Whether a value is there; floors and a lease alone are none. */
  has(key: string): Promise<boolean>;
}

/** Seeds over a Redis client of the caller's, which stays the caller's to close. Errors are the client's own. */
export function seedRedis(redis: Redis | Cluster): StoreSeed {
  return {
    putManaged: (key, { value, deps, ttlMs }) =>
      besideBusts(async () => {
        const old = await managedContent(redis, key);
        const marks = old === null ? noEntry : managedState(old, null, Date.now() * 1000);
        if (typeof old === "string") await redis.unlink(key);
        const fields = { [managedFields.value]: value, [managedFields.deps]: encodeDeps(deps, undefined, marks) };
        await putFields(redis, key, { fields, ttlMs });
      }),
    putHash: (key, { fields, ttlMs }) => putFields(redis, key, { fields, ttlMs }),
    putJson: (key, { text, ttlMs }) => putText(redis, key, { text, ttlMs }),
    putOpaque: (key, { value, ttlMs }) => putText(redis, key, { text: value, ttlMs }),
    has: (key) => besideBusts(() => hasEntry(redis, key)),
  };
}

/** A bust may put marks where a hash was, or where nothing was, between two commands: then they are sent again. */
async function besideBusts<T>(commands: () => Promise<T>, attemptsLeft = 9): Promise<T> {
  try {
    return await commands();
  } catch (error) {
    if (attemptsLeft === 0 || !String(error).includes("WRONGTYPE")) throw error;
    return await besideBusts(commands, attemptsLeft - 1);
  }
}

async function hasEntry(redis: Redis | Cluster, key: string): Promise<boolean> {
  const type = await redis.type(key);
  if (type === "hash") return (await redis.hkeys(key)).some((field) => field !== gateField);
  return type !== "none" && !(type === "string" && isMarks(await redis.getrange(key, 0, 40)));
}

/** What lies there already: marks as a string, or the deps of a hash. */
async function managedContent(redis: Redis | Cluster, key: string): Promise<Fields | string | null> {
  const type = await redis.type(key);
  if (type === "string") return await redis.get(key);
  const deps = type === "hash" ? await redis.hget(key, managedFields.deps) : null;
  return deps === null ? null : new Map([[managedFields.deps, deps]]);
}

interface FieldsSeed {
  readonly fields: Readonly<Record<string, string>>;
  readonly ttlMs: number | undefined;
}

async function putFields(redis: Redis | Cluster, key: string, { fields, ttlMs }: FieldsSeed): Promise<void> {
  const before = await redis.pttl(key);
  await redis.hset(key, fields);
  if (ttlMs === undefined) await redis.persist(key);
  else await redis.pexpire(key, Math.max(before, ttlMs));
}

async function putText(redis: Redis | Cluster, key: string, { text, ttlMs }: { text: string; ttlMs: number | undefined }): Promise<void> {
  if (ttlMs === undefined) await redis.set(key, text);
  else await redis.set(key, text, "PX", ttlMs);
}

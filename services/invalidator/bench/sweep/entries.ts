// A million managed entries under one swept tag, put where a cache client would have put them.
import { encodeDeps, encodeEpochs, encodeTags, managedFields, parseVersion } from "@freshet/protocol";
import type { Redis } from "ioredis";

export interface Shelf {
  readonly prefix: string;
  readonly entries: number;
  /** Every entry carries both. */
  readonly sweptTag: string;
  readonly epochTag: string;
}

const VALUE = Buffer.alloc(200, "x");
const KEEP_MS = 3_600_000;
const PIPELINE_ENTRIES = 2000;

export function keyOf({ prefix }: Pick<Shelf, "prefix">, id: number): string {
  return `${prefix}product:${id}`;
}

/** The sorted set of a tag's members (docs/reference/redis-layout.md). */
export function indexOf({ prefix, sweptTag }: Shelf): string {
  return `${prefix}fr:t:{${sweptTag}}:i`;
}

/** Fills the shelf with entries that hold one dep, as of version 1, and the generation given. */
export async function fillShelf(redis: Redis, shelf: Shelf, generation: number): Promise<void> {
  const version = parseVersion("1");
  if (version === null) throw new Error("1 is no version");
  const nowUs = Date.now() * 1000;
  const head = { loadStartUs: nowUs, freshUntilUs: null, keepUntilUs: nowUs + KEEP_MS * 1000, encoding: "" };
  const common = {
    [managedFields.value]: VALUE,
    [managedFields.tags]: encodeTags([shelf.sweptTag]),
    [managedFields.epochs]: encodeEpochs(new Map([[shelf.epochTag, generation]])),
  };
  for (let from = 0; from < shelf.entries; from += PIPELINE_ENTRIES) {
    const ids = Array.from({ length: Math.min(PIPELINE_ENTRIES, shelf.entries - from) }, (_, at) => from + at);
    const pipeline = redis.pipeline();
    for (const id of ids) {
      const deps = encodeDeps(new Map([[`product/${id}`, version]]), head);
      pipeline.hset(keyOf(shelf, id), { ...common, [managedFields.deps]: deps }).pexpire(keyOf(shelf, id), KEEP_MS);
    }
    pipeline.zadd(indexOf(shelf), ...ids.flatMap((id) => [nowUs, keyOf(shelf, id)]));
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}

export async function usedMemory(redis: Redis): Promise<number> {
  const [, bytes = "0"] = /used_memory:(\d+)/.exec(await redis.info("memory")) ?? [];
  return Number.parseInt(bytes, 10);
}

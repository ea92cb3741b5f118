import { type BustMode, type IndexMember, parseVersion, type SpaceKind, type TagBust, type TagSpec } from "@freshet/protocol";
import { createRedisStore, type IndexAddRequest, type StorePort, seedRedis } from "@freshet/store";
import { Redis } from "ioredis";
import { freshPrefix } from "./fresh.js";
import { type OpenStore, patientTimeouts, type StoreUnderTest } from "./store-bench.js";

/** A store whose epochs can be lost, as a failover loses them. Its clock is that of the machine, or may run ahead. */
export interface TagStoreUnderTest extends Pick<StoreUnderTest, "store" | "seed" | "close"> {
  loseEpoch(tag: string): Promise<void>;
}

export type MakeTagStore = () => TagStoreUnderTest | Promise<TagStoreUnderTest>;

/** Where the tests of tags find their store and names nobody else uses. */
export interface TagBench {
  current(): TagStoreUnderTest;
  store(): StorePort;
  tag(id: string): string;
  key(id: string): string;
}

/** The store over one real Redis, with a client of its own for what a store cannot do. */
export function redisTagStoreUnderTest(url: string, open: OpenStore = createRedisStore): TagStoreUnderTest {
  const prefix = `${freshPrefix("tags")}:`;
  const client = new Redis(url, { lazyConnect: true });
  const store = open({ url, prefix, timeouts: patientTimeouts });
  return {
    store,
    seed: seedRedis(client),
    loseEpoch: async (tag) => {
      await client.unlink(`${prefix}e:{${tag}}`);
    },
    close: async () => {
      // What is pending has no time to live; all else goes by itself.
      const registry = `${prefix}sweeps`;
      const pending = (await client.zrange(registry, "0", "-1")).map((tag) => `${prefix}t:{${tag}}:f`);
      await client.unlink(registry, `${prefix}bounds`, ...pending);
      client.disconnect();
      await store.close();
    },
  };
}

/** Time bounds of the tags below. */
export const tagSpec: TagSpec = { floorTtlMs: 60_000, skewMs: 5 };

export interface TagBustOf {
  readonly tag: string;
  /** `null` is blind. */
  readonly version: string | null;
  readonly target?: TagBust["target"];
  readonly subject?: string;
  readonly spaceKind?: SpaceKind;
  readonly mode?: BustMode;
  readonly spec?: TagSpec;
}

export function tagBustOf({ version: text, ...rest }: TagBustOf): TagBust {
  const version = text === null ? null : parseVersion(text);
  if (version === null && text !== null) throw new Error(`${text} is no version`);
  return {
    target: "tag",
    subject: "catalog.product/1",
    spaceKind: "counter",
    mode: "hard",
    spec: tagSpec,
    rule: "suite",
    ...rest,
    version,
  };
}

/** A fill time that is a while ago, in microseconds. */
export const FILLED_US = (Date.now() - 60_000) * 1000;

export interface MemberOf {
  readonly fillTimeUs?: number;
  readonly keepMs?: number;
  readonly skewMs?: number;
}

/** An entry for the index of a tag. */
export function memberOf(tag: string, key: string, change: MemberOf = {}): IndexAddRequest {
  return { tag, key, fillTimeUs: FILLED_US, keepMs: 3_600_000, ...tagSpec, ...change };
}

export async function indexOf(store: StorePort, tag: string): Promise<readonly IndexMember[]> {
  return await store.readIndex(tag, { from: null, to: Number.MAX_SAFE_INTEGER, limit: 10_000 });
}

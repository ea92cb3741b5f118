import { type BustMode, type EntrySpec, type KeyBust, parseVersion, type SpaceKind, type Version } from "@freshet/protocol";
import { createRedisStore, type RedisStoreConfig, type StorePort, type StoreSeed, seedRedis } from "@freshet/store";
import { Redis } from "ioredis";
import { freshPrefix } from "./fresh.js";

/** For stores of a test's own: that the machine stands still for a while is no trouble with Redis. */
export const patientTimeouts = { commandMs: 20_000, socketMs: 30_000, connectMs: 20_000, readyMs: 25_000, deadlineMs: 60_000 } as const;

/** A store with the means to put entries into it. */
export interface StoreUnderTest {
  readonly store: StorePort;
  readonly seed: StoreSeed;
  close(): Promise<void>;
}

/** Makes a store; every call of one suite gives another one over the same data, or an empty one. */
export type MakeStore = () => StoreUnderTest | Promise<StoreUnderTest>;

/** Makes the store of a suite, where it is not to be one whole store with all rights. */
export type OpenStore = (config: RedisStoreConfig) => StorePort;

/** The store over a real Redis, with a client of its own for seeds. */
export function redisStoreUnderTest(url: string, open: OpenStore = createRedisStore): StoreUnderTest {
  const client = new Redis(url, { lazyConnect: true });
  const store = open({ url, prefix: `${freshPrefix("store")}:`, timeouts: patientTimeouts });
  return {
    store,
    seed: seedRedis(client),
    close: async () => {
      client.disconnect();
      await store.close();
    },
  };
}

/** F of the entries below, in milliseconds. */
export const FLOOR_MS = 20_000;

const common = { versionField: "", onUnversioned: "bust", gate: false, floorTtlMs: FLOOR_MS, staleTtlMs: 0 } as const;
/** One entry spec of each kind, and the variants that behave differently. */
export const entries = {
  managed: { ...common, kind: "managed", gate: true },
  hash: { ...common, kind: "hash", versionField: "ver" },
  gatedHash: { ...common, kind: "hash", versionField: "ver", gate: true },
  json: { ...common, kind: "json", versionField: "version" },
  gatedJson: { ...common, kind: "json", versionField: "version", gate: true },
  prefix: { ...common, kind: "prefix" },
  gatedPrefix: { ...common, kind: "prefix", gate: true },
  companion: { ...common, kind: "companion" },
  gatedCompanion: { ...common, kind: "companion", gate: true },
  opaque: { ...common, kind: "opaque" },
} as const satisfies Record<string, EntrySpec>;

export interface BustOf {
  readonly key: string;
  readonly entry: EntrySpec;
  /** `null` is blind. */
  readonly version: string | null;
  readonly subject?: string;
  readonly spaceKind?: SpaceKind;
  readonly mode?: BustMode;
  /** Of entries of kind `companion`; by default `versionKeyOf(key)`. */
  readonly versionKey?: string;
}

/** A key in the slot of `key`, which holds no braces. */
export function versionKeyOf(key: string): string {
  return `{${key}}:version`;
}

export function bustOf({ entry, version, subject = "catalog.product/1", spaceKind = "counter", mode = "hard", ...at }: BustOf): KeyBust {
  const canonical = version === null ? null : versionOf(version);
  const { key, versionKey = versionKeyOf(key) } = at;
  const beside = entry.kind === "companion" ? { versionKey } : {};
  return { target: "key", key, ...beside, family: "suite", entry, subject, version: canonical, spaceKind, mode, rule: "suite" };
}

/** A word that no type allows, as JavaScript may give it. */
export function untyped<Word extends string>(text: string): Word {
  return text as Word;
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}

/** Deps of a managed entry, by default of the subject that `bustOf` takes. */
export function depsOf(...versions: readonly (string | readonly [string, string])[]): ReadonlyMap<string, Version> {
  return new Map(
    versions.map((item) => (typeof item === "string" ? ["catalog.product/1", versionOf(item)] : [item[0], versionOf(item[1])])),
  );
}

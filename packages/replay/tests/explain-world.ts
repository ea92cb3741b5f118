import { createMemoryLog, type KafkaPort, type RecordBatch } from "@freshet/kafka";
import { runSlice } from "@freshet/pipeline";
import { encodeCloudEvent, parseVersion, type Version } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createMemoryStore } from "@freshet/store";
import type { Explained, ExplainPeers, ExplainRequest } from "../src/explain/explain.js";
import { explain } from "../src/explain/explain.js";

/** 2026-01-01T00:00:00.000Z */
const START_MS = 1_767_225_600_000;
const LIVE = "freshet-test";

export const RULES = `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
  - { name: prices, topic: shop.prices, format: cloudevents, space: price, versions: none }
families:
  product: { key: "product:{id}", ttl: 1h }
  listing: { key: "listing:{brand}:{page}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] }
  page: { key: "page:{id}:{tenant}", ttl: 1h, epochs: [{ tag: tenant, with: { id: tenant } }] }
  old: { key: "old:{id}", ttl: 1h, entry: { kind: json, version: version } }
tags:
  brand: { key: "brand:{id}", kind: swept }
  tenant: { key: "tenant:{id}", kind: epoch }
rules:
  - name: product-changed
    source: products
    types: [product.updated]
    when: 'data.price > 5'
    bust: [{ family: product, with: { id: subject } }, { family: old, with: { id: subject } }]
  - name: product-renamed
    source: products
    types: [product.renamed]
    bust: [{ family: product, with: { id: subject }, mode: soft }]
  - name: brand-changed
    source: products
    types: [brand.updated]
    bust: [{ tag: brand, with: { id: data.brand } }]
  - name: tenant-changed
    source: products
    types: [tenant.updated, tenant.renamed]
    bust: [{ tag: tenant, with: { id: subject } }]
  - name: price-changed
    source: prices
    bust: [{ family: product, with: { id: subject } }]
`;

const topics = ["shop.products", "shop.prices", "freshet.dlq.test"];

export interface Sent {
  readonly subject: string;
  readonly version?: string;
  readonly type?: string;
  readonly topic?: string;
  readonly data?: object;
}

export interface Filled {
  readonly deps?: Readonly<Record<string, string>>;
  readonly primaryRead?: boolean;
  readonly freshMs?: number;
  readonly keepMs?: number;
  /** Ends before its tags are written. */
  readonly unpromoted?: boolean;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A broker and a store in memory on one clock, and the service's own pipeline between them. */
export async function createWorld(rulesText: string = RULES) {
  const { rules, findings } = loadRules(rulesText);
  if (rules === null) throw new Error(findings.map(({ problem }) => problem).join());
  let nowMs = START_MS;
  const clock = { nowMs: () => nowMs };
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const store = createMemoryStore({ nowUs: () => nowMs * 1000 });
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  let leases = 0;

  const world = {
    log,
    kafka,
    store,
    rules,
    advance: (ms: number): void => {
      nowMs += ms;
    },
    send: async ({ subject, version = "7", type = "product.updated", topic = "shop.products", data = { price: 9 } }: Sent) => {
      const event = { id: "1", source: "test", type, subject, version, time: new Date(nowMs).toISOString(), data: JSON.stringify(data) };
      await kafka.produce([{ topic, ...encodeCloudEvent(event) }]);
    },
    sendRaw: (key: string, value: string | null) => {
      const bytes = (text: string) => new TextEncoder().encode(text);
      return kafka.produce([{ topic: "shop.products", key: bytes(key), value: value === null ? null : bytes(value), headers: [] }]);
    },
    /** Consumes all there is, as the service does. */
    serve: () => serve({ kafka, rules, store }),
    /** Commits all there is, and applies nothing. */
    skip: () => serve({ kafka, rules, store: null }),
    fill: async (key: string, familyName: string, filled: Filled = {}) => {
      const token = `t${++leases}`;
      const request = { key, family: familyOf(rules, familyName), token, filled };
      return await fill(store, request, rules);
    },
    explain: (key: string, family: string, more: Partial<ExplainRequest & ExplainPeers> = {}): Promise<Explained> => {
      const own: ExplainPeers = { withStore: (use) => use(store), withKafka: (use) => use(kafka, new AbortController().signal) };
      const about = { key, family: familyOf(rules, family), rules, deployment: "test", liveGroup: LIVE, ownGroup: "explain-1" };
      const span = { sinceMs: nowMs - 3_600_000, when: "of the last 1h", limit: 20, recordsMax: 1000, nowMs };
      return explain({ ...own, ...more }, { ...about, ...span, ...more });
    },
  };
  return world;
}

function familyOf(rules: CompiledRules, name: string) {
  const family = rules.families.get(name);
  if (family === undefined) throw new Error(`no family ${name}`);
  return family;
}

/** Reads with the live group, which commits what it has read. */
async function serve({ kafka, rules, store }: Parts): Promise<void> {
  const deadLetters = { topic: "freshet.dlq.test", group: LIVE, rulesHash: rules.hash };
  const ports = store === null ? null : { rules, store, kafka, deadLetters, now: () => new Date(START_MS).toISOString() };
  const committed = await kafka.committed(LIVE, rules.topics);
  const ends = await kafka.offsets(rules.topics);
  const ranges = ends.map(({ topic, partition, latest }) => {
    return { topic, partition, from: committed.find((at) => at.topic === topic)?.offset ?? 0, to: latest };
  });
  const onBatch = async ({ records }: RecordBatch) => {
    if (ports !== null) await runSlice(records.slice(), ports);
  };
  await kafka.read({ group: LIVE, ranges: ranges.filter(({ from, to }) => from < to), onBatch, stop: new AbortController().signal });
}

interface Parts {
  readonly kafka: KafkaPort;
  readonly rules: CompiledRules;
  /** `null`: what is read is not applied. */
  readonly store: Store | null;
}

type Store = ReturnType<typeof createMemoryStore>;

interface Filling {
  readonly key: string;
  readonly family: ReturnType<typeof familyOf>;
  readonly token: string;
  readonly filled: Filled;
}

async function fill(store: Store, { key, family, token, filled }: Filling, rules: CompiledRules): Promise<string> {
  const { entry, bounds } = family;
  const { deps = { "catalog.product/42": "7" }, primaryRead = false, freshMs = null, keepMs = 60_000, unpromoted = false } = filled;
  const [values = new Map<string, string>()] = family.valuesOf(key);
  const tagsOf = (uses: typeof family.tags) =>
    uses.flatMap(
      (use) => rules.tags.get(use.tag)?.tagFor(new Map([...use.with].map(([own, name]) => [own, values.get(name) ?? ""]))) ?? [],
    );
  const epochTags = tagsOf(family.epochs).map((tag) => ({ tag, skewMs: bounds.skewMs }));
  const { epochs } = await store.read(key, entry, epochTags);
  await store.lease({ key, entry, token, epochs, leaseTtlMs: bounds.leaseMs });
  const tags = tagsOf(family.tags);
  const times = { freshMs, keepMs, readLagMs: bounds.lagMs + bounds.skewMs, provisionalMs: bounds.fillMs };
  const value = Buffer.from("a secret value");
  const reply = await store.fill({ key, entry, token, value, encoding: "", deps: depsOf(deps), tags, epochs, primaryRead, ...times });
  if (reply.outcome !== "filled" || unpromoted) return reply.outcome;
  const index = { key, fillTimeUs: reply.atUs, keepMs, floorTtlMs: bounds.tagFloorMs, skewMs: bounds.skewMs };
  for (const tag of tags) await store.indexAdd({ tag, ...index });
  return tags.length === 0 ? reply.outcome : await store.promote(key, entry, token);
}

function depsOf(deps: Readonly<Record<string, string>>): ReadonlyMap<string, Version> {
  return new Map(
    Object.entries(deps).flatMap(([subject, text]) => {
      const version = parseVersion(text);
      return version === null ? [] : [[subject, version] as const];
    }),
  );
}

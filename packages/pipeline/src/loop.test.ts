import type { BatchControl, ProduceRecord, RecordBatch } from "@freshet/kafka/port";
import { type BustOutcome, type DomainEvent, FreshetError, type KafkaRecord, type KeyBust, type SourceSpec } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import { describe, expect, test } from "@jest/globals";
import { createLoop, type LoopEvents, type LoopSettings, type WaitingPartition } from "./loop.js";
import type { PipelinePorts } from "./pipeline.js";

const encoder = new TextEncoder();
const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 1000, staleTtlMs: 0 } as const;
const source: SourceSpec = {
  name: "products",
  topic: "t",
  format: "cloudevents",
  space: "p",
  spaceKind: "counter",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "ignore",
};

/** Rules with one rule: bust `k:<subject>`; the type says what else should happen. */
function busts(event: DomainEvent): readonly KeyBust[] {
  if (event.type === "nothing") return [];
  if (event.type === "bug") throw new TypeError("a secret of the record");
  const { subject, version } = event;
  return [
    {
      target: "key",
      key: `k:${subject}`,
      family: "f",
      entry,
      subject: `p/${subject}`,
      version,
      spaceKind: "counter",
      mode: "hard",
      rule: "r",
    },
  ];
}
const rules: CompiledRules = {
  hash: "0",
  bounds: { leaseMs: 1, lagMs: 1, skewMs: 1, fillMs: 1, floorMs: 1, tagFloorMs: 1 },
  topics: ["t"],
  sourcesOf: () => [source],
  families: new Map(),
  tags: new Map(),
  ruleNames: ["r"],
  reaches: [],
  map: (event) => ({ kind: "busts", rules: ["r"], busts: busts(event) }),
  explain: () => [],
};

const record = (offset: number, type = "changed"): KafkaRecord => {
  const value =
    type === "poison" ? "{" : JSON.stringify({ specversion: "1.0", id: "i", source: "s", type, subject: `${offset}`, freshetversion: "1" });
  return { topic: "t", partition: 0, offset, timestampMs: offset, key: null, value: encoder.encode(value), headers: [] };
};
const batchOf = (records: readonly KafkaRecord[]): RecordBatch => ({ topic: "t", partition: 0, records, highWatermark: 1000 });

interface World {
  readonly busted: string[];
  readonly produced: ProduceRecord[];
  readonly log: string[];
  readonly waits: WaitingPartition[];
  readonly control: BatchControl;
  stop: boolean;
  store: (busts: readonly KeyBust[]) => Promise<readonly BustOutcome[]>;
  produce: (records: readonly ProduceRecord[]) => Promise<void>;
  heartbeat: () => Promise<void>;
}

function makeWorld(settings: Partial<LoopSettings> = {}) {
  const log: string[] = [];
  const world: World = {
    busted: [],
    produced: [],
    log,
    waits: [],
    stop: false,
    store: async (list) => list.map(() => "removed"),
    produce: async () => undefined,
    heartbeat: async () => undefined,
    control: {
      ended: (offset) => void log.push(`ended ${offset}`),
      commit: async () => void log.push("commit"),
      heartbeat: () => world.heartbeat(),
      shouldStop: () => world.stop,
    },
  };
  const store: BustPort = {
    bust: async (list) => {
      const outcomes = await world.store(list);
      world.busted.push(...list.map((bust) => bust.key));
      return outcomes;
    },
    preview: async () => [],
    bustTags: async () => [],
    previewTags: async () => [],
  };
  const kafka = {
    produce: async (records: readonly ProduceRecord[]) => {
      await world.produce(records);
      world.produced.push(...records);
      log.push("dead letters acked");
    },
  };
  const ports: PipelinePorts = {
    rules,
    store,
    kafka,
    deadLetters: { topic: "dlq", group: "g", rulesHash: "0" },
    now: () => "1970-01-01T00:00:00Z",
  };
  const events: LoopEvents = {
    sliceSettled: (report) => void log.push(`settled ${report.ended.join(" ")}`),
    partitionWaiting: (waiting) => void world.waits.push(waiting),
    partitionResumed: () => void log.push("resumed"),
  };
  let nowMs = 0;
  const loop = createLoop({ ports, events, clock: { nowMs: () => nowMs++ }, settings: { sliceRecordsMax: 2, ...settings } });
  return { world, loop };
}

const down = (): FreshetError => new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");

describe("a batch", () => {
  test("ends slice by slice, in order", async () => {
    const { world, loop } = makeWorld();
    await expect(loop.onBatch(batchOf([1, 2, 3, 5].map((offset) => record(offset))), world.control)).resolves.toEqual({ kind: "done" });
    expect(world.log).toEqual(["ended 2", "settled applied applied", "ended 5", "settled applied applied"]);
  });

  test("ends a slice only after its dead letters are acknowledged", async () => {
    const { world, loop } = makeWorld();
    await loop.onBatch(batchOf([record(1), record(2, "poison")]), world.control);
    expect(world.log).toEqual(["dead letters acked", "ended 2", "settled applied dead"]);
    expect(world.produced[0]?.value).toEqual(record(2, "poison").value);
  });

  test("ends in order even when a later slice answers first", async () => {
    const { world, loop } = makeWorld();
    const first = Promise.withResolvers<void>();
    world.store = async (list) => {
      if (list[0]?.key === "k:1") await first.promise;
      else first.resolve();
      return list.map(() => "removed");
    };
    await loop.onBatch(batchOf([1, 2, 3].map((offset) => record(offset))), world.control);
    expect(world.busted).toEqual(["k:3", "k:1", "k:2"]);
    expect(world.log.filter((line) => line.startsWith("ended"))).toEqual(["ended 2", "ended 3"]);
  });

  test("that should stop ends what is under way and leaves the rest", async () => {
    const { world, loop } = makeWorld();
    world.heartbeat = async () => {
      world.stop = true;
    };
    await loop.onBatch(batchOf([1, 2, 3, 4, 5, 6].map((offset) => record(offset))), world.control);
    expect(world.log.filter((line) => !line.startsWith("settled"))).toEqual(["ended 2", "ended 4"]);
  });
});

describe("trouble", () => {
  test("with Redis: the partition waits, nothing of the slice has ended, and no dead letter is written", async () => {
    const { world, loop } = makeWorld();
    world.store = () => Promise.reject(down());
    const end = await loop.onBatch(batchOf([record(1), record(2, "poison")]), world.control);
    expect(end).toMatchObject({ kind: "wait", retryAfterMs: 100 });
    expect(world.log).toEqual([]);
    expect(world.produced).toEqual([]);
    expect(loop.waiting()).toMatchObject([{ topic: "t", partition: 0, code: "FR2001", offset: 1, attempts: 1 }]);
  });

  test("with the dead-letter topic: the same", async () => {
    const { world, loop } = makeWorld();
    world.produce = () => Promise.reject(new FreshetError("FR3001", "wait", "no leader", "Wait"));
    await expect(loop.onBatch(batchOf([record(1, "poison")]), world.control)).resolves.toMatchObject({ kind: "wait" });
    expect(world.log).toEqual([]);
  });

  test("backs off, keeps when it began, and is over with the next slice that ends", async () => {
    const { world, loop } = makeWorld();
    world.store = () => Promise.reject(down());
    for (const retryAfterMs of [100, 200, 400, 800, 1600, 3000, 3000]) {
      await expect(loop.onBatch(batchOf([record(1)]), world.control)).resolves.toMatchObject({ retryAfterMs });
    }
    expect(new Set(world.waits.map((wait) => wait.sinceMs)).size).toBe(1);
    world.store = async (list) => list.map(() => "absent");
    await loop.onBatch(batchOf([record(1)]), world.control);
    expect(loop.waiting()).toEqual([]);
    expect(world.log).toContain("resumed");
  });

  test("in the second slice leaves the first one ended", async () => {
    const { world, loop } = makeWorld();
    world.store = (list) => (list[0]?.key === "k:3" ? Promise.reject(down()) : Promise.resolve(list.map(() => "removed" as const)));
    await expect(loop.onBatch(batchOf([1, 2, 3].map((offset) => record(offset))), world.control)).resolves.toMatchObject({ kind: "wait" });
    expect(world.log.filter((line) => !line.startsWith("settled"))).toEqual(["ended 2"]);
    expect(loop.waiting()[0]?.offset).toBe(3);
  });

  test("that nobody knows halts visibly instead of killing the consumer", async () => {
    const { world, loop } = makeWorld();
    for (const thrown of [new SyntaxError("x"), new TypeError("x"), new RangeError("x"), undefined]) {
      world.store = () => Promise.reject(thrown);
      const end = await loop.onBatch(batchOf([record(1)]), world.control);
      expect(end).toMatchObject({ kind: "wait", error: { code: "FR9001", disposition: "halt" } });
    }
  });

  test("that leaves a bust without an answer ends nothing", async () => {
    const { world, loop } = makeWorld();
    for (const answers of [[], ["removed" as const], new Array<BustOutcome>(2)]) {
      world.store = async () => answers;
      await expect(loop.onBatch(batchOf([record(1), record(2)]), world.control)).resolves.toMatchObject({ error: { code: "FR2005" } });
    }
    expect(world.log).toEqual([]);
  });

  test("that never answers meets the deadline, and its late answer changes nothing", async () => {
    const { world, loop } = makeWorld({ sliceDeadlineMs: 5 });
    const never = Promise.withResolvers<readonly BustOutcome[]>();
    world.store = () => never.promise;
    await expect(loop.onBatch(batchOf([record(1)]), world.control)).resolves.toMatchObject({ kind: "wait", error: { code: "FR3004" } });
    never.resolve(["removed"]);
    await never.promise;
    expect(world.log).toEqual([]);
  });

  test("of the group goes on unchanged", async () => {
    const { world, loop } = makeWorld();
    const rebalance = new Error("the group is rebalancing");
    world.heartbeat = () => Promise.reject(rebalance);
    await expect(loop.onBatch(batchOf([record(1)]), world.control)).rejects.toBe(rebalance);
    expect(world.log).toEqual(["ended 1", "settled applied"]);
  });

  test("of a partition that went to another member is forgotten", async () => {
    const { world, loop } = makeWorld();
    world.store = () => Promise.reject(down());
    await loop.onBatch(batchOf([record(1)]), world.control);
    loop.onAssigned([{ topic: "t", partition: 0 }]);
    expect(loop.waiting()).toHaveLength(1);
    loop.onAssigned([{ topic: "t", partition: 1 }]);
    expect(loop.waiting()).toEqual([]);
  });
});

describe("a record", () => {
  test("ends as what it is", async () => {
    const { world, loop } = makeWorld({ sliceRecordsMax: 10 });
    world.store = async (list) => list.map(({ key }) => (key === "k:2" ? "covered" : "absent"));
    const records = [record(1), record(2), record(3, "nothing"), { ...record(4), value: null }, record(5, "poison")];
    await loop.onBatch(batchOf(records), world.control);
    expect(world.log).toContain("settled applied covered no_match ignored dead");
  });

  test("on which Freshet itself fails is dead-lettered, without a word of what it holds", async () => {
    const { world, loop } = makeWorld();
    await loop.onBatch(batchOf([record(1, "bug"), record(2)]), world.control);
    expect(world.log).toContain("settled dead applied");
    const texts = world.produced.flatMap(({ headers }) =>
      headers.map(({ value }) => (value === null ? "" : new TextDecoder().decode(value))),
    );
    expect(texts.join("\n")).toContain("TypeError");
    expect(texts.join("\n")).not.toContain("secret");
  });

  test("that stands for an undecodable batch ends the whole range", async () => {
    const { world, loop } = makeWorld();
    const marker = { ...record(10), value: null, undecodable: { firstOffset: 10, lastOffset: 19, problem: "bad codec" } };
    await loop.onBatch(batchOf([marker]), world.control);
    expect(world.log).toContain("ended 19");
    const offsets = world.produced[0]?.headers.find(({ name }) => name === "__dlq.errors.offset")?.value;
    expect(new TextDecoder().decode(offsets ?? undefined)).toBe("10-19");
  });
});

import { limits, type TagBust, type Version } from "@freshet/protocol";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { createMemoryStore, type MemoryStore } from "./memory-store.js";
import { type Loaded, type LoadRequest, type ReadThroughRequest, readThrough } from "./read-through.js";

const key = "product:1";
const subject = "catalog.product/1";
const version = (digits: string) => digits as Version;
const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 } as const;
const bounds = { leaseTtlMs: 5_000, readLagMs: 1_000, skewMs: 5, provisionalMs: 2_000, tagFloorTtlMs: 60_000 };
let nowUs: number;
let store: MemoryStore;
let loads: LoadRequest[];
let slept: number[];

beforeEach(() => {
  nowUs = 1_700_000_000_000_000;
  store = createMemoryStore({ nowUs: () => ++nowUs });
  loads = [];
  slept = [];
});

const loaded = (digits: string, change: Partial<Loaded> = {}): Loaded => ({
  value: Buffer.from(`page ${digits}`),
  encoding: "",
  deps: new Map([[subject, version(digits)]]),
  tags: [],
  primaryRead: false,
  freshMs: null,
  keepMs: 60_000,
  ...change,
});

const bustKey = (digits: string | null, mode: "hard" | "soft" = "hard") =>
  store.bust([
    {
      target: "key",
      key,
      family: "f",
      entry,
      subject,
      version: digits === null ? null : version(digits),
      spaceKind: digits === null ? "none" : "counter",
      mode,
      rule: "r",
    },
  ]);
const bustTag = (target: TagBust["target"], digits: string, { mode = "hard", tag = "list" }: Partial<Pick<TagBust, "mode" | "tag">> = {}) =>
  store.bustTags([
    {
      target,
      tag,
      subject,
      version: version(digits),
      spaceKind: "counter",
      mode,
      spec: { floorTtlMs: 60_000, skewMs: 5 },
      rule: "r",
    },
  ]);

/** One read; the loader answers what it is given, and may do something meanwhile. */
async function read(load: (request: LoadRequest) => Loaded | Promise<Loaded>, change: Partial<ReadThroughRequest> = {}) {
  const result = await readThrough(store, {
    key,
    entry,
    epochTags: [],
    bounds,
    token: `t${nowUs}`,
    load: async (request) => {
      loads.push(request);
      return await load(request);
    },
    sleep: async (ms) => {
      slept.push(ms);
      nowUs += ms * 1000;
    },
    pollMs: 50,
    attemptsMax: 5,
    ...change,
  });
  return { ...result, value: result.value.toString() };
}
const elapse = (ms: number) => {
  nowUs += ms * 1000;
};

test("the first read loads, the next is a hit", async () => {
  expect(await read(() => loaded("5"))).toEqual({ value: "page 5", from: "loaded", stored: true, why: null });
  expect(await read(() => loaded("6"))).toEqual({ value: "page 5", from: "hit", stored: true, why: null });
  expect(loads).toHaveLength(1);
});

test("while somebody else loads it waits, and takes what that one stored", async () => {
  const [innerWaits, outerIsDone] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const sleep = () => {
    innerWaits.resolve(undefined);
    return outerIsDone.promise;
  };
  let inner: Promise<unknown> = Promise.resolve();
  const outer = await read(async () => {
    inner = read(() => loaded("6"), { token: "inner", sleep });
    await innerWaits.promise;
    return loaded("5");
  });
  outerIsDone.resolve(undefined);
  expect(outer).toMatchObject({ value: "page 5", stored: true });
  expect(await inner).toMatchObject({ value: "page 5", from: "hit" });
  expect(loads).toHaveLength(1);
});

test("it does not wait for ever: then it loads, and stores nothing", async () => {
  await store.lease({ key, entry, token: "dead", epochs: new Map(), leaseTtlMs: 5_000 });
  expect(await read(() => loaded("5"))).toEqual({ value: "page 5", from: "loaded", stored: false, why: "busy" });
  expect(slept).toEqual([50, 50, 50, 50, 50]);
  expect((await store.read(key, entry, [])).found).toBe("none");
});

test("a stale value is served while another loads, and loaded again when nobody does", async () => {
  await read(() => loaded("5"));
  await bustKey("6", "soft");
  await store.lease({ key, entry, token: "other", epochs: new Map(), leaseTtlMs: 1_000 });
  expect(await read(() => loaded("6"))).toEqual({ value: "page 5", from: "stale", stored: true, why: null });
  elapse(1_001);
  expect(await read(() => loaded("6"))).toMatchObject({ value: "page 6", from: "loaded", stored: true });
});

describe("a loader that is behind", () => {
  test("is told what it must have, and asked again for the primary", async () => {
    await bustKey("6");
    const result = await read(({ primary }) => loaded(primary ? "6" : "5", { primaryRead: primary }));
    expect(result).toMatchObject({ value: "page 6", from: "loaded", stored: true });
    expect(loads).toEqual([
      { min: new Map([[subject, "6"]]), primary: false },
      { min: new Map([[subject, "6"]]), primary: true },
    ]);
  });

  test("is stored nothing of, and asked no more than once for the primary", async () => {
    await bustKey("6");
    expect(await read(() => loaded("5", { primaryRead: true }))).toMatchObject({ stored: false, why: "floor" });
    expect(loads).toHaveLength(1);
  });

  test("busted during the load", async () => {
    const result = await read(async ({ primary }) => {
      if (!primary) await bustKey("6");
      return loaded(primary ? "6" : "5", { primaryRead: primary });
    });
    expect(result).toMatchObject({ value: "page 6", stored: true });
  });

  test("that gives up primaries altogether is bounded", async () => {
    await bustKey("6");
    expect(await read(() => loaded("5"))).toMatchObject({ value: "page 5", stored: false, why: "floor" });
    expect(loads).toHaveLength(5);
  });
});

test("a load longer than its lease is returned and not stored", async () => {
  const result = await read(() => {
    elapse(bounds.leaseTtlMs);
    return loaded("5");
  });
  expect(result).toMatchObject({ value: "page 5", stored: false, why: "lease_lost" });
});

describe("epoch tags", () => {
  const epochTags = ["list"];

  test("a tag that was made just now, ahead of its clock, is not stored at all", async () => {
    const result = await read(({ primary }) => loaded("5", { primaryRead: primary }), { epochTags });
    expect(result).toMatchObject({ value: "page 5", stored: false, why: "epoch" });
    expect(loads.map(({ primary }) => primary)).toEqual([false, true]);
  });

  test("a tag that was bumped just now is stored from the primary only", async () => {
    await store.epochs([{ tag: "list", skewMs: 5 }]);
    elapse(10);
    await bustTag("epoch", "1");
    const result = await read(({ primary }) => loaded("5", { primaryRead: primary }), { epochTags });
    expect(result).toMatchObject({ stored: true });
    expect(loads.map(({ primary }) => primary)).toEqual([false, true]);
  });

  test("its generation is read before the load: a bump during the load makes what is stored a miss", async () => {
    await store.epochs([{ tag: "list", skewMs: 5 }]);
    elapse(10_000);
    await read(
      async () => {
        await bustTag("epoch", "6");
        return loaded("5");
      },
      { epochTags },
    );
    expect((await store.read(key, entry, [{ tag: "list", skewMs: 5 }])).found).toBe("none");
  });

  test("a soft bump makes it stale, and it is loaded again", async () => {
    await store.epochs([{ tag: "list", skewMs: 5 }]);
    elapse(10_000);
    await read(() => loaded("5"), { epochTags });
    await bustTag("epoch", "6", { mode: "soft" });
    elapse(2_000);
    expect(await read(() => loaded("6"), { epochTags })).toMatchObject({ value: "page 6", from: "loaded", stored: true });
  });
});

describe("a tag that is added to a family", () => {
  test("an epoch tag: what was stored without it is loaded anew, and busted with it", async () => {
    await store.epochs([{ tag: "tenant", skewMs: 5 }]);
    elapse(10_000);
    await read(() => loaded("5"));
    const named = { epochTags: ["tenant"] };
    expect(await read(() => loaded("5"), named)).toMatchObject({ from: "loaded", stored: true });
    expect(await read(() => loaded("5"), named)).toMatchObject({ from: "hit" });
    await bustTag("epoch", "6", { tag: "tenant" });
    elapse(2_000);
    expect(await read(() => loaded("6"), named)).toMatchObject({ value: "page 6", from: "loaded" });
  });

  test("an epoch tag, half of the readers without it: what they store is no hit for the others", async () => {
    await store.epochs([{ tag: "tenant", skewMs: 5 }]);
    elapse(10_000);
    await read(() => loaded("5"), { epochTags: ["tenant"] });
    await read(() => loaded("5"));
    await bustTag("epoch", "6", { tag: "tenant" });
    elapse(2_000);
    expect(await read(() => loaded("5"))).toMatchObject({ from: "hit" });
    expect(await read(() => loaded("6"), { epochTags: ["tenant"] })).toMatchObject({ value: "page 6", from: "loaded" });
  });

  test("a swept tag: together with an epoch tag that is new, so that what is not in its index is loaded anew", async () => {
    await store.epochs([{ tag: "shape:2", skewMs: 5 }]);
    elapse(10_000);
    await read(() => loaded("5"));
    const result = await read(() => loaded("5", { tags: ["brand"] }), { epochTags: ["shape:2"] });
    expect(result).toMatchObject({ from: "loaded", stored: true });
    const range = { from: null, to: Number.MAX_SAFE_INTEGER, limit: 9 };
    expect((await store.readIndex("brand", range)).map((member) => member.key)).toEqual([key]);
  });
});

test("at a key of another service it loads each time, stores nothing, and says so", async () => {
  await store.seed.putOpaque(key, { value: "theirs" });
  for (const size of [1, 2]) {
    expect(await read(() => loaded("5"))).toMatchObject({ value: "page 5", from: "loaded", stored: false, why: "foreign" });
    expect(loads).toHaveLength(size);
  }
  expect(await store.readText(key)).toBe("theirs");
});

describe("swept tags", () => {
  const tags = ["list", "shop"];

  test("an entry is in the index of each before it is visible", async () => {
    expect(await read(() => loaded("5", { tags }))).toMatchObject({ stored: true });
    for (const tag of tags) {
      expect((await store.readIndex(tag, { from: null, to: Number.MAX_SAFE_INTEGER, limit: 9 })).map((member) => member.key)).toEqual([
        key,
      ]);
    }
    expect((await store.read(key, entry, [])).found).toBe("fresh");
  });

  test("one that a floor of a tag forbids is dropped", async () => {
    const result = await read(async () => {
      await bustTag("tag", "6");
      return loaded("5", { tags });
    });
    expect(result).toMatchObject({ value: "page 5", stored: false, why: "tag_floor" });
    expect(await store.inspect(key, entry)).toMatchObject({ redisType: "none" });
  });

  test("a primary read must begin C after the floor of a tag was raised", async () => {
    const deps = new Map([["other/1", version("1")]]);
    const fromPrimary = () => read(() => loaded("5", { tags, deps, primaryRead: true }));
    await bustTag("tag", "6");
    expect(await fromPrimary()).toMatchObject({ stored: false, why: "tag_floor" });
    elapse(bounds.skewMs);
    expect(await fromPrimary()).toMatchObject({ stored: true });
  });

  test("one that is busted between fill and promote is gone", async () => {
    const slow = {
      ...store,
      indexAdd: async (request: Parameters<MemoryStore["indexAdd"]>[0]) => {
        const floors = await store.indexAdd(request);
        await bustKey("6");
        return floors;
      },
    };
    const result = await readThrough(slow, {
      key,
      entry,
      epochTags: [],
      bounds,
      token: "t",
      load: async () => loaded("5", { tags }),
      sleep: async () => undefined,
      pollMs: 1,
      attemptsMax: 1,
    });
    expect(result).toMatchObject({ stored: false, why: "gone" });
  });

  test.each([
    ["after it could be served", (keepMs: number) => elapse(keepMs + bounds.skewMs + 1)],
    ["from a clock that is more than C ahead", () => elapse(-bounds.skewMs - 1)],
  ])("one that comes to the index %s is dropped, and the value returned", async (_what, pass) => {
    const fill: MemoryStore["fill"] = async (request) => {
      const reply = await store.fill(request);
      pass(request.keepMs);
      return reply;
    };
    const result = await readThrough(
      { ...store, fill },
      {
        ...{ key, entry, epochTags: [], bounds, token: "t", pollMs: 1, attemptsMax: 1 },
        load: async () => loaded("5", { tags, keepMs: 100 }),
        sleep: async () => undefined,
      },
    );
    expect(result).toMatchObject({ value: Buffer.from("page 5"), stored: false, why: "clock" });
    expect(await store.inspect(key, entry)).toMatchObject({ value: null });
    expect((await store.inspectTag("list")).indexSize).toBe(0);
  });
});

test.each([
  ["F < L + R", { bounds: { ...bounds, leaseTtlMs: 19_001 } }],
  ["F_tag < L + R + P", { bounds: { ...bounds, tagFloorTtlMs: 7_999 } }],
  ["a key too long", { key: "k".repeat(limits.keyBytesMax + 1) }],
  ["half a surrogate pair in the key", { key: "\ud83d" }],
  ["half a surrogate pair in an epoch tag", { epochTags: ["\ud83d"] }],
])("refused: %s", async (_what, change) => {
  await expect(read(() => loaded("5"), change)).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
  expect(loads).toEqual([]);
});

test.each([
  ["a tag", { tags: ["\ud83d"] }],
  ["a subject", { deps: new Map([["\ud83d", version("1")]]) }],
])("half a surrogate pair in %s that the loader answers is refused, and nothing is stored", async (_what, change) => {
  await expect(read(() => loaded("5", change))).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
  expect(await store.inspect(key, entry)).toMatchObject({ value: null });
});

test("what the loader throws is thrown on", async () => {
  await expect(read(() => Promise.reject(new Error("database is away")))).rejects.toThrow("database is away");
});

import { createRedisStore, type StorePort } from "@freshet/store";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fillOf, leaseOf, managed, setOf } from "./entry-bench.js";
import { freshPrefix } from "./fresh.js";
import { bustOf, depsOf, type OpenStore, type StoreUnderTest } from "./store-bench.js";
import { indexOf, memberOf, tagBustOf, tagSpec } from "./tag-bench.js";

/** A store, and the same data through one that must write nothing. */
export interface ReadOnlyUnderTest extends StoreUnderTest {
  readonly readOnly: StorePort;
}

/** What `createRedisStore({ readOnly: true })` makes of the data of a store. */
export function withReadOnly(make: (open: OpenStore) => StoreUnderTest): ReadOnlyUnderTest {
  const opened: StorePort[] = [];
  const made = make((config) => {
    opened.push(createRedisStore({ ...config, readOnly: true }));
    return createRedisStore(config);
  });
  const [readOnly] = opened;
  if (readOnly === undefined) throw new Error("no store was opened");
  return { ...made, readOnly, close: async () => void (await Promise.all([made.close(), readOnly.close()])) };
}

interface Names {
  readonly key: (id: string) => string;
  readonly tag: string;
  /** An epoch tag that nobody has made. */
  readonly epoch: string;
}

/** What a read-only store must refuse or answer without writing: each step of the port. */
export function readOnlyConformance(name: string, make: () => ReadOnlyUnderTest | Promise<ReadOnlyUnderTest>): void {
  describe(`StorePort, read-only: ${name}`, () => {
    let current: ReadOnlyUnderTest;
    let names: Names;
    beforeEach(async () => {
      current = await make();
      const prefix = `${freshPrefix("suite")}:`;
      names = { key: (id) => `${prefix}${id}`, tag: `${prefix}t`, epoch: `${prefix}e` };
    });
    afterEach(() => current.close());
    const bench: ReadOnlyBench = { current: () => current, names: () => names };
    stepTests(bench);
    epochTests(bench);
  });
}

interface ReadOnlyBench {
  readonly current: () => ReadOnlyUnderTest;
  readonly names: () => Names;
}

const bounds = { leaseMs: 1, lagMs: 1, skewMs: 1, fillMs: 1, floorMs: 5, tagFloorMs: 5 };
const refusal = { code: "FR1005", disposition: "usage" };

/** How each step goes; one that the port has and this list lacks does not compile. */
type Steps = Record<keyof StorePort, ((store: StorePort) => Promise<unknown>) | null>;

function refusedSteps({ key, tag }: Names, members: Awaited<ReturnType<typeof indexOf>>): Steps {
  const cursor = { score: members[0]?.score ?? 0, member: key("a") };
  return {
    lease: (store) => store.lease(leaseOf(key("b"))),
    fill: (store) => store.fill(fillOf(key("a"))),
    promote: (store) => store.promote(key("a"), managed, "t1"),
    drop: (store) => store.drop(key("a"), managed, "t1"),
    setIfNewer: (store) => store.setIfNewer(setOf("hash", key("h"), { digits: "9" })),
    indexAdd: (store) => store.indexAdd(memberOf(tag, key("b"))),
    indexRemove: (store) => store.indexRemove(tag, members),
    claimSweep: (store) => store.claimSweep(tag, { id: "w", holdMs: 0 }),
    moveSweep: (store) => store.moveSweep(tag, { id: "w", holdMs: 0, cursor, gone: members }),
    endSweep: (store) => store.endSweep(tag, "w"),
    forgetSweep: async (store) => {
      const [seen] = (await store.pendingSweeps()).filter((registered) => registered.tag === tag);
      return await store.forgetSweep(seen ?? { tag, seen: 0 });
    },
    trimIndex: (store) => store.trimIndex(tag, -10_000_000),
    ...notRefused,
  };
}

/** Told in the tests below, or nothing that could write. */
const notRefused = {
  ...{ bust: null, preview: null, bustTags: null, previewTags: null, bustMembers: null, publishBounds: null },
  ...{ read: null, epochs: null, inspectTag: null, pendingSweeps: null, readIndex: null, readBounds: null },
  ...{ inspect: null, probe: null, servers: null, close: null },
};

/** An entry that is provisional under a lease of its own, a gated one, and a tag in the middle of a sweep. */
async function prepare(store: StorePort, { key, tag }: Names): Promise<void> {
  await store.lease(leaseOf(key("a")));
  await store.fill(fillOf(key("a"), { tags: [tag] }));
  await store.indexAdd(memberOf(tag, key("a")));
  await store.setIfNewer(setOf("hash", key("h")));
  await store.bustTags([tagBustOf({ tag, version: "9" })]);
  await store.claimSweep(tag, { id: "w", holdMs: 60_000 });
}

/** Everything there is to see, without what time alone changes. */
async function seen(store: StorePort, { key, tag, epoch }: Names): Promise<unknown> {
  const entries = await Promise.all(["a", "b", "h"].map((id) => store.inspect(key(id), id === "h" ? setOf("hash", "").entry : managed)));
  const tags = await Promise.all([tag, epoch].map((one) => store.inspectTag(one)));
  const pending = (await store.pendingSweeps()).filter((registered) => registered.tag === tag);
  return {
    entries: entries.map(({ ttlMs: _left, nowUs: _at, ...view }) => view),
    tags,
    pending,
    index: await indexOf(store, tag),
    bounds: await store.readBounds(),
  };
}

function stepTests({ current, names }: ReadOnlyBench): void {
  test("every step that writes is refused, and has written nothing", async () => {
    const { store, readOnly } = current();
    await prepare(store, names());
    const before = await seen(store, names());
    for (const [step, run] of Object.entries(refusedSteps(names(), await indexOf(store, names().tag)))) {
      if (run === null) continue;
      const outcome = await run(readOnly).catch((error: unknown) => error);
      expect({ step, outcome }).toEqual({ step, outcome: expect.objectContaining(refusal) });
    }
    expect(await seen(store, names())).toEqual(before);
    expect(await seen(readOnly, names())).toEqual(before);
  });

  test("busts answer what they would have done", async () => {
    const { store, readOnly } = current();
    const { key, tag, epoch } = names();
    await prepare(store, names());
    const before = await seen(store, names());
    const bust = bustOf({ key: key("a"), entry: managed, version: "6" });
    expect(await readOnly.bust([bust, { ...bust, key: key("b") }])).toEqual(["removed", "absent"]);
    expect(await readOnly.preview([{ ...bust, version: null, mode: "soft" }])).toEqual(["softened"]);
    expect(await readOnly.bustMembers([bust])).toEqual(["removed"]);
    const tagBusts = [tagBustOf({ tag, version: "10" }), tagBustOf({ tag, version: "9" })];
    const busts = [...tagBusts, tagBustOf({ tag: epoch, version: "9", target: "epoch" })];
    expect(await readOnly.bustTags(busts)).toEqual(["pending", "covered", "bumped"]);
    expect(await readOnly.previewTags(busts)).toEqual(["pending", "covered", "bumped"]);
    expect(await seen(store, names())).toEqual(before);
    expect(await store.bust([bust])).toEqual(["removed"]);
  });

  test("bounds are read, and not published", async () => {
    const { store, readOnly } = current();
    await readOnly.publishBounds(bounds);
    expect(await readOnly.readBounds()).toBeNull();
    await store.publishBounds(bounds);
    expect(await readOnly.readBounds()).toMatchObject(bounds);
  });
}

function epochTests({ current, names }: ReadOnlyBench): void {
  const { skewMs } = tagSpec;

  test("a missing epoch is answered as it would be made, and not made", async () => {
    const { store, readOnly } = current();
    const { key, epoch: tag } = names();
    const earlier = (await readOnly.epochs([{ tag, skewMs }])).get(tag);
    const { epochs, found } = await readOnly.read(key("a"), managed, [{ tag, skewMs }]);
    expect(found).toBe("none");
    expect((await readOnly.inspectTag(tag)).epoch).toBeNull();
    const made = (await store.epochs([{ tag, skewMs }])).get(tag);
    for (const epoch of [earlier, epochs.get(tag)]) {
      expect(epoch).toMatchObject({ hardGeneration: epoch?.generation, ageUs: 0 });
      expect(epoch?.generation).toBeLessThanOrEqual(made?.generation ?? 0);
    }
    const { generation, hardGeneration } = made ?? { generation: 0, hardGeneration: 0 };
    expect((await readOnly.epochs([{ tag, skewMs }])).get(tag)).toMatchObject({ generation, hardGeneration });
  });

  test("entries are judged by epochs as by any store", async () => {
    const { store, readOnly } = current();
    const { key, epoch: tag } = names();
    const read = async () => (await readOnly.read(key("a"), managed, [{ tag, skewMs }])).found;
    const epochs = await store.epochs([{ tag, skewMs }]);
    await store.lease(leaseOf(key("a"), { epochs }));
    await store.fill(fillOf(key("a"), { epochs, deps: depsOf("5"), readLagMs: 0 }));
    expect(await read()).toBe("fresh");
    await store.bustTags([tagBustOf({ tag, version: "5", target: "epoch", mode: "soft" })]);
    expect(await read()).toBe("stale");
    await store.bustTags([tagBustOf({ tag, version: "6", target: "epoch" })]);
    expect(await read()).toBe("none");
  });
}

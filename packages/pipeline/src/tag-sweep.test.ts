import { FreshetError } from "@freshet/protocol";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createSweepScene, gate, TAG } from "../tests/sweep-scene.js";

type Scene = ReturnType<typeof createSweepScene>;
let scene: Scene;
beforeEach(() => {
  scene = createSweepScene();
});
afterEach(() => scene.stop());

const key = (at: number): string => `listing:acme:${at}`;
const HOLD_MS = 10_000;

async function fill(count: number, digits = 1): Promise<void> {
  for (let at = 0; at < count; at++) await scene.put(key(at), { "p/a": digits });
}

const left = async (count: number): Promise<number> => {
  let there = 0;
  for (let at = 0; at < count; at++) if (await scene.store.seed.has(key(at))) there++;
  return there;
};

/** The work at the first call, nothing afterwards. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}

describe("a busted tag", () => {
  test("loses its entries, keeps what is newer indexed, and is off the registry", async () => {
    await fill(1200);
    await scene.put(key(7), { "p/a": 9 });
    await scene.bust("p/a", 5);
    const { sweeper, told } = scene.sweeper();
    expect(sweeper.status().pending).toBe(0); // nothing is known before the first look
    await scene.clock.advance(1000);
    expect(await left(1200)).toBe(1);
    expect(await scene.members()).toMatchObject([{ key: key(7) }]);
    expect(await scene.store.pendingSweeps()).toEqual([]);
    expect(told.ends).toMatchObject([{ tag: TAG, members: 1200, removed: 1199 }]);
    expect(sweeper.status()).toMatchObject({ pending: 0, oldestAgeMs: 0, walking: 0, troubles: [] });
  });

  test("is found without a nudge within a look, and with one at once", async () => {
    await fill(10);
    const { sweeper } = scene.sweeper();
    await scene.clock.advance(500);
    await scene.bust("p/a", 5);
    await scene.clock.advance(100);
    expect(await left(10)).toBe(10);
    await scene.clock.advance(2000);
    expect(await left(10)).toBe(0);
    await fill(10, 6);
    await scene.bust("p/a", 7);
    sweeper.nudge();
    await scene.clock.advance(25);
    expect(await left(10)).toBe(0);
  });

  test("softly, keeps its entries in the index, so that a hard bust finds them", async () => {
    await fill(3);
    await scene.bust("p/a", 5, "soft");
    const { sweeper, told } = scene.sweeper();
    await scene.clock.advance(100);
    expect(told.ends).toMatchObject([{ members: 3, removed: 0 }]);
    expect(await scene.members()).toHaveLength(3);
    await scene.bust("p/a", 6);
    sweeper.nudge();
    await scene.clock.advance(100);
    expect(await left(3)).toBe(0);
  });

  test("by two subjects while it is walked: the second list is walked afterwards, and nothing slips between", async () => {
    await fill(600);
    await scene.put("listing:acme:both", { "p/a": 9, "p/b": 1 });
    let steps = 0;
    const { told } = scene.sweeper({
      store: {
        bustMembers: async (busts) => {
          if (steps++ === 0) await scene.bust("p/b", 7);
          return await scene.store.bustMembers(busts);
        },
      },
    });
    await scene.bust("p/a", 5);
    await scene.clock.advance(3000);
    expect(told.ends.map(({ busts }) => busts.map(({ subject }) => subject))).toEqual([["p/a"], ["p/b"]]);
    expect(await scene.store.seed.has("listing:acme:both")).toBe(false);
    expect(await scene.members()).toEqual([]);
  });

  test("by two subjects: each list has an id of its own, so that a late step of the first cannot move the second's cursor", async () => {
    await fill(3);
    const ended: string[] = [];
    scene.sweeper({
      store: {
        bustMembers: async (busts) => {
          if (ended.length === 0) await scene.bust("p/b", 7);
          return await scene.store.bustMembers(busts);
        },
        endSweep: (tag, id) => {
          ended.push(id);
          return scene.store.endSweep(tag, id);
        },
      },
    });
    await scene.bust("p/a", 5);
    await scene.clock.advance(3000);
    expect(ended).toHaveLength(2);
    expect(new Set(ended).size).toBe(2);
  });

  test("again between the end of its walk and its way off the registry: it is walked at once", async () => {
    await fill(3);
    await scene.bust("p/a", 5);
    let ends = 0;
    scene.sweeper({
      store: {
        endSweep: async (tag, id) => {
          const ended = await scene.store.endSweep(tag, id);
          if (ends++ > 0) return ended;
          await fill(3, 6);
          await scene.bust("p/a", 7);
          return ended;
        },
      },
    });
    await scene.clock.advance(200);
    expect({ ends, left: await left(3) }).toEqual({ ends: 2, left: 0 });
  });
});

describe("an entry that is filled again while the walk runs", () => {
  test("between page and bust: the newer one stays, and stays indexed", async () => {
    await fill(5);
    await scene.bust("p/a", 5);
    const refill = once(() => scene.put(key(2), { "p/a": 6 }));
    scene.sweeper({
      store: {
        bustMembers: async (busts) => {
          await refill();
          return await scene.store.bustMembers(busts);
        },
      },
    });
    await scene.clock.advance(100);
    expect(await scene.members()).toMatchObject([{ key: key(2) }]);
    expect(await left(5)).toBe(1);
  });

  test("between bust and index: its new score keeps it there", async () => {
    await fill(5);
    await scene.bust("p/a", 5);
    const refill = once(() => scene.put(key(2), { "p/a": 6 }));
    scene.sweeper({
      store: {
        moveSweep: async (tag, step) => {
          await refill();
          return await scene.store.moveSweep(tag, step);
        },
      },
    });
    await scene.clock.advance(100);
    expect(await scene.members()).toMatchObject([{ key: key(2) }]);
  });
});

test("of 1,700 members with one score that all stay, each is tested, and the walk ends", async () => {
  const fillTimeUs = scene.clock.nowMs() * 1000;
  for (let at = 0; at < 1700; at++) await scene.put(key(at), { "p/a": 9 }, fillTimeUs);
  await scene.bust("p/a", 5);
  const tested = new Map<string, number>();
  const { told } = scene.sweeper({
    store: {
      bustMembers: (busts) => {
        for (const bust of busts) tested.set(bust.key, (tested.get(bust.key) ?? 0) + 1);
        return scene.store.bustMembers(busts);
      },
    },
  });
  await scene.clock.advance(100);
  expect(told.ends).toMatchObject([{ members: 1700, removed: 0 }]);
  expect(tested.size).toBe(1700);
  expect(Math.max(...tested.values())).toBe(1);
});

describe("a worker that goes away in the middle", () => {
  /** Dies at its third step: the call is never answered, until the gate opens. */
  function dying() {
    const { passed, open } = gate();
    let steps = 0;
    const worker = scene.sweeper({
      store: {
        bustMembers: async (busts) => {
          if (++steps === 3) await passed;
          return await scene.store.bustMembers(busts);
        },
      },
    });
    return { ...worker, open };
  }

  test("another goes on after the hold, from the step where it was", async () => {
    await fill(2000);
    await scene.bust("p/a", 5);
    const dead = dying();
    await scene.clock.advance(100);
    expect({ handled: dead.told.members, left: await left(2000) }).toEqual({ handled: 1000, left: 1000 });
    const other = scene.sweeper();
    await scene.clock.advance(HOLD_MS - 2000);
    expect(other.told.members).toBe(0);
    expect(other.sweeper.status()).toMatchObject({ pending: 1 });
    expect(other.sweeper.status().oldestAgeMs).toBeGreaterThanOrEqual(HOLD_MS - 2000);
    await scene.clock.advance(5000);
    expect({ handled: other.told.members, left: await left(2000) }).toEqual({ handled: 1000, left: 0 });
    expect(await scene.store.pendingSweeps()).toEqual([]);
    dead.open();
  });

  test("when it comes back as a zombie, it changes nothing and stops at once", async () => {
    await fill(3000);
    await scene.bust("p/a", 5);
    const zombie = dying();
    await scene.clock.advance(100);
    const other = dying(); // takes over, and hangs in the middle of it
    await scene.clock.advance(HOLD_MS + 5000);
    expect({ zombie: zombie.told.members, other: other.told.members }).toEqual({ zombie: 1000, other: 1000 });
    const before = await scene.store.inspectTag(TAG);
    zombie.open();
    await scene.clock.advance(10);
    expect(await scene.store.inspectTag(TAG)).toEqual(before);
    expect({ lost: zombie.told.lost, handled: zombie.told.members }).toEqual({ lost: [TAG], handled: 1000 });
    other.open();
  });
});

test("a step that was given up and arrives late does not move the cursor of a list that another bust left meanwhile", async () => {
  await fill(3);
  await scene.bust("p/a", 5);
  let away = false;
  let lateMove: (() => Promise<unknown>) | null = null;
  let arrived: unknown = null;
  scene.sweeper({
    store: {
      claimSweep: async (tag, claim) => {
        if (away) throw new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
        return await scene.store.claimSweep(tag, claim);
      },
      moveSweep: async (tag, step) => {
        if (lateMove !== null) return await scene.store.moveSweep(tag, step);
        away = true;
        lateMove = () => scene.store.moveSweep(tag, { ...step, cursor: { score: Number.MAX_SAFE_INTEGER, member: "" } });
        throw new FreshetError("FR2001", "wait", "Redis did not answer", "Bring it back");
      },
      readIndex: async (tag, range) => {
        if (lateMove !== null && arrived === null) arrived = await lateMove();
        return await scene.store.readIndex(tag, range);
      },
    },
  });
  await scene.clock.advance(HOLD_MS + 1000);
  expect((await scene.store.claimSweep(TAG, { id: "other", holdMs: HOLD_MS })).outcome).toBe("claimed");
  expect(await scene.store.endSweep(TAG, "other")).toBe("ended");
  await fill(600, 6);
  await scene.bust("p/a", 7);
  away = false;
  await scene.clock.advance(10_000);
  expect(arrived).toBe("lost");
  expect(await left(600)).toBe(0);
});

test("stop ends the step under way and frees the tag: the next one need not wait for the hold", async () => {
  await fill(2000);
  await scene.bust("p/a", 5);
  const first = scene.sweeper({ settings: { bustsPerSecond: 500 } });
  await scene.clock.advance(1100);
  await first.sweeper.stop();
  expect(first.told.members).toBeLessThan(2000);
  const second = scene.sweeper();
  await scene.clock.advance(100);
  expect(second.told).toMatchObject({ members: 2000 - first.told.members, ends: [{}] });
  expect(await left(2000)).toBe(0);
});

test("no more is sent than the rate allows, all walks together", async () => {
  await fill(5000);
  await scene.bust("p/a", 5);
  const { told } = scene.sweeper({ settings: { bustsPerSecond: 1000 } });
  await scene.clock.advance(3000);
  expect(told.members).toBeGreaterThanOrEqual(3000);
  expect(told.members).toBeLessThanOrEqual(3500);
});

test("Redis away: it waits longer each time, tells it, and goes on where it was without waiting for its own hold", async () => {
  await fill(1200);
  await scene.bust("p/a", 5);
  let away = false;
  const triedMs: number[] = [];
  const { sweeper, told } = scene.sweeper({
    store: {
      bustMembers: async (busts) => {
        if (!away && told.members > 0) away = true;
        if (!away || triedMs.length > 5) return await scene.store.bustMembers(busts);
        triedMs.push(scene.clock.nowMs());
        throw new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
      },
    },
  });
  await scene.clock.advance(1500);
  expect(sweeper.status()).toMatchObject({ pending: 1, troubles: [{ tag: TAG, code: "FR2001" }] });
  await scene.clock.advance(6000);
  const pauses = triedMs.slice(1).map((at, i) => at - (triedMs[i] ?? 0));
  expect(pauses.every((pause, i) => pause >= Math.min(100 * 2 ** i, 3000))).toBe(true);
  expect(told.troubles.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4, 5, 6]);
  expect({ left: await left(1200), members: told.members }).toEqual({ left: 0, members: 1200 });
  expect(sweeper.status()).toMatchObject({ pending: 0, troubles: [] });
});

test("a registry that cannot be read is trouble too, and looked at again", async () => {
  await fill(3);
  await scene.bust("p/a", 5);
  let failures = 3;
  const { told } = scene.sweeper({
    store: {
      pendingSweeps: async () => {
        if (failures-- > 0) throw new FreshetError("FR2003", "halt", "no rights", "Give them");
        return await scene.store.pendingSweeps();
      },
    },
  });
  await scene.clock.advance(10_000);
  expect(told.troubles).toMatchObject([{ tag: null, disposition: "halt", attempts: 1 }, { attempts: 2 }, { attempts: 3 }]);
  expect(await left(3)).toBe(0);
});

test("of very many tags some are looked at a time, those first that wait longest, and all are walked in the end", async () => {
  const tags = Array.from({ length: 35 }, (_, at) => `brand:b${at}`);
  for (const tag of tags) {
    const origin = { subject: "p/a", version: null, spaceKind: "counter", mode: "hard", rule: "brand" } as const;
    await scene.store.bustTags([{ target: "tag", tag, spec: { floorTtlMs: 10_000, skewMs: 250 }, ...origin }]);
  }
  const { passed, open } = gate();
  const asked: (number | undefined)[] = [];
  const store = {
    pendingSweeps: async (atMost?: number) => {
      asked.push(atMost);
      return await scene.store.pendingSweeps(atMost);
    },
  };
  const { sweeper, told } = scene.sweeper({ store, onSweepEnd: () => passed, settings: { tagsMax: 10 } });
  await scene.clock.advance(5000);
  expect(sweeper.status()).toMatchObject({ pending: 10, walking: 8 });
  open();
  await scene.clock.advance(20_000);
  expect(new Set(told.ends.map(({ tag }) => tag))).toEqual(new Set(tags));
  expect(await scene.store.pendingSweeps()).toEqual([]);
  expect(new Set(asked)).toEqual(new Set([10]));
});

test("the end is told before the pending state goes, and again when telling failed", async () => {
  await fill(3);
  await scene.bust("p/a", 5);
  const told: string[] = [];
  const { passed, open } = gate();
  const { sweeper } = scene.sweeper({
    onSweepEnd: async (tag) => {
      told.push(tag);
      if (told.length === 1) throw new FreshetError("FR3001", "wait", "Kafka is gone", "Bring it back");
      await passed;
    },
  });
  await scene.clock.advance(1000);
  expect(told).toEqual([TAG, TAG]);
  expect((await scene.store.inspectTag(TAG)).sweep).not.toBeNull();
  expect(sweeper.status().pending).toBe(1);
  open();
  await scene.clock.advance(100);
  expect((await scene.store.inspectTag(TAG)).sweep).toBeNull();
});

test("members of entries that are gone for good are trimmed, and the index is measured", async () => {
  await fill(4);
  await scene.bust("p/a", 1);
  const { sweeper } = scene.sweeper({ settings: { trimEveryMs: 1000 } });
  await scene.clock.advance(400_000);
  expect(sweeper.status().indexSizes).toEqual(new Map([["brand", 4]]));
  await scene.put("listing:acme:later", { "p/a": 1 });
  await scene.clock.advance(205_000);
  expect(await scene.members()).toMatchObject([{ key: "listing:acme:later" }]);
  expect(sweeper.status().indexSizes).toEqual(new Map([["brand", 1]]));
});

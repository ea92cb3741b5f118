import { FreshetError, type TagBust, type TagOutcome } from "@freshet/protocol";
import type { StorePort } from "@freshet/store";
import { readOnly } from "@freshet/store";
import { describe, expect, test } from "@jest/globals";
import { runDemo } from "./demo.js";
import { createMemoryPorts } from "./memory-ports.js";
import type { ScenePorts } from "./scene.js";
import { type Chapter, type Telling, tellingLines } from "./telling.js";

let nowMs = 1_767_225_600_000;
const clock = { nowMs: () => nowMs++ };

async function play(change: (ports: ScenePorts) => ScenePorts = (ports) => ports) {
  const told: Telling[] = [];
  const ports = change(await createMemoryPorts({ clock }));
  const stop = new AbortController().signal;
  const held = await runDemo({ ports, tell: (telling) => told.push(telling), once: true, stop, pause: async () => {} });
  const chapters = told.filter((telling) => telling.kind === "chapter");
  return { held, told, chapters, broken: chapters.filter((chapter) => !chapter.held).map((chapter) => chapter.number) };
}

function withStore(wrap: (store: StorePort) => StorePort) {
  return (ports: ScenePorts): ScenePorts => ({ ...ports, store: wrap(ports.store) });
}

/** Swept tags answer and do nothing. */
async function bustEpochsOnly(store: StorePort, busts: readonly TagBust[], answer: TagOutcome): Promise<readonly TagOutcome[]> {
  return await Promise.all(busts.map(async (bust) => (bust.target === "tag" ? answer : ((await store.bustTags([bust]))[0] ?? answer))));
}

describe("the demo, once", () => {
  test("shows seven promises and finds that all of them hold", async () => {
    const { held, chapters, told } = await play();
    expect(chapters.map((chapter) => [chapter.promise, chapter.held])).toEqual([
      ["A price change busts the cached page", true],
      ["An older event that arrives late changes nothing", true],
      ["A repeated event does nothing: the refilled page stays", true],
      ["A poison event is dead-lettered, and the stream goes on", true],
      ["A bust of a brand takes every listing page of it along", true],
      ["A bust of a tenant takes all its entries along in one step", true],
      ["A slow reader cannot put the old value back", true],
    ]);
    expect(held).toBe(true);
    const chapter = "chapter";
    expect(told.map(({ kind }) => kind)).toEqual(["banner", ...Array.from({ length: 7 }, () => chapter), "verdict", "next"]);
  });

  test("says what it saw, in lines of 80 columns at most", async () => {
    const { told } = await play();
    const lines = told.flatMap((telling) => tellingLines(telling, (word) => word));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain("   seen  page:42 is gone; the next reader gets 18.50 EUR (version 2).");
    expect(lines).toContain("All 7 promises held.");
  });
});

describe("each promise can be seen to break", () => {
  test("a bust that removes nothing", async () => {
    const { held, broken, told } = await play(withStore(readOnly));
    expect(held).toBe(false);
    expect(broken).toEqual([1, 3, 4, 5, 6, 7]);
    expect(told.flatMap((telling) => tellingLines(telling, (word) => word))).toContain("6 of 7 promises broken:");
  });

  test("a bust that never looks at versions", async () => {
    const blind = withStore((store) => ({
      ...store,
      bust: (busts) => store.bust(busts.map((bust) => ({ ...bust, version: null }))),
    }));
    expect((await play(blind)).broken).toEqual([2, 3]);
  });

  test("a bust of a swept tag that forgets its index", async () => {
    const { held, broken, chapters } = await play(
      withStore((store) => ({ ...store, bustTags: async (busts) => await bustEpochsOnly(store, busts, "pending") })),
    );
    expect({ held, broken }).toEqual({ held: false, broken: [5] });
    expect(chapters[4]?.seen).toBe("3 of 3 pages are still there.");
  });

  test("a walk that removes nothing", async () => {
    const { broken, chapters } = await play(
      withStore((store) => ({ ...store, bustMembers: async (busts) => busts.map(() => "covered" as const) })),
    );
    expect(broken).toEqual([5]);
    expect(chapters[4]?.seen).toBe("3 of 3 pages are still there.");
  });

  test("a bust of an epoch that changes nothing", async () => {
    const { broken, chapters } = await play(
      withStore((store) => ({
        ...store,
        bustTags: async (busts) => {
          const swept = await store.bustTags(busts.filter(({ target }) => target === "tag"));
          return busts.map(({ target }, at) => (target === "tag" ? (swept[at] ?? "covered") : "bumped"));
        },
      })),
    );
    expect(broken).toEqual([6]);
    expect(chapters[5]?.seen).toMatch(/^A reader still gets an old quote of hotel/);
  });

  test("a bust that leaves no floor", async () => {
    const floorless = withStore((store) => ({
      ...store,
      bust: async (busts) =>
        (await store.bustMembers(busts)).map((outcome) => (outcome === "own" || outcome === "refused" ? "absent" : outcome)),
    }));
    const { broken, chapters } = await play(floorless);
    expect(broken).toEqual([7]);
    expect(chapters[6]?.seen).toMatch(/^The store took version \d+, and the next reader gets it/);
  });

  test("dead letters that get lost", async () => {
    const { broken, chapters } = await play((ports) => ({ ...ports, readTopic: async () => [] }));
    expect(broken).toEqual([4]);
    expect(chapters[3]?.seen).toMatch(/^the poison event is not in the dead-letter topic/);
  });

  test("a dead letter whose bytes were changed", async () => {
    const changed = (ports: ScenePorts): ScenePorts => ({
      ...ports,
      readTopic: async (topic) => (await ports.readTopic(topic)).map((record) => ({ ...record, value: new Uint8Array(3) })),
    });
    expect((await play(changed)).broken).toEqual([4]);
  });

  test("a store that is away", async () => {
    const away = new FreshetError("FR2001", "wait", "away", "wait");
    const { broken, chapters } = await play((ports) => ({
      ...withStore((store) => ({ ...store, bust: () => Promise.reject(away), bustTags: () => Promise.reject(away) }))(ports),
      settleWithinMs: 20,
    }));
    expect(broken).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(chapters[0]?.seen).toBe("the event was not settled within 20 ms");
  });
});

test("without `once` it goes round the products until it is stopped, and ends with its verdict", async () => {
  const stop = new AbortController();
  const chapters: Chapter[] = [];
  const last: Telling[] = [];
  const tell = (telling: Telling) => {
    if (telling.kind === "chapter" && chapters.push(telling) === 9) stop.abort();
    last[0] = telling;
  };
  const held = await runDemo({ ports: await createMemoryPorts({ clock }), tell, once: false, stop: stop.signal, pause: async () => {} });
  expect(held).toBe(true);
  expect(chapters.map((chapter) => chapter.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(chapters[7]?.seen).toMatch(/^page:43 is gone/);
  expect(last).toEqual([{ kind: "verdict", held: true, promises: 7, broken: [] }]);
});

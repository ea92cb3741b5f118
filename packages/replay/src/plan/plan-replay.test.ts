import { describe, expect, test } from "@jest/globals";
import { compiled, type Incident, openIncident, rightRules, wrongRules } from "../../tests/incident.js";
import { history, letters, planOptions } from "../../tests/options.js";
import { nonePassed } from "../run/replayed.js";
import { addCounts, countsSchema, noCounts } from "./counts.js";
import { type PlanOptions, planReplay, type ReplayPlan } from "./plan-replay.js";

async function planned(incident: Incident, over: Partial<PlanOptions> = {}): Promise<ReplayPlan> {
  const plan = await planReplay(incident.ports, planOptions(over));
  if (plan === null) throw new Error("it was stopped");
  expect(countsSchema.parse(plan.counts)).toEqual(plan.counts);
  return plan;
}

/** Products 1 to 4: older, newer, absent, and one built without its subject. Deleted 1 has a page. */
async function fourProducts(incident: Incident): Promise<void> {
  await incident.putProduct("1", { 1: "5" });
  await incident.putProduct("2", { 2: "50" });
  await incident.putProduct("4", { 9: "1" });
  await incident.putPage("1");
  await incident.send(
    ...["1", "2", "3", "4"].map((id) => ({ id, version: "10" })),
    { id: "1", version: "11", type: "product.deleted", data: { brand: "acme" } },
    { id: "1", version: "9" },
    { id: "7", version: "x" },
    { id: "8", version: "1", type: "order.placed" },
  );
}

describe("the plan of a replay", () => {
  test("is what the pipeline answers, by key, with the reasons", async () => {
    const incident = await openIncident();
    await fourProducts(incident);
    await incident.putListing("list:1", "brand:acme");
    const { counts, closer } = await planned(incident);
    expect(closer).toEqual({ older: { looked: 2, withoutSubject: 1 }, tags: { looked: 1, members: 1 } });
    expect(counts).toMatchObject({
      records: { chosen: 8, busting: 6, noRule: 1, ignored: 0, failing: 1, foreign: 0 },
      failing: { version_invalid: 1 },
      keys: { touched: 5, removed: 3, softened: 0, covered: 1, kept: 0, absent: 1 },
      removedBecause: { older: 2, unversioned: 0, blind: 0, opaque: 1 },
      families: { page: { touched: 1, removed: 1 }, product: { touched: 4, removed: 2, covered: 1, absent: 1 } },
      tags: { touched: 1, busted: 1, covered: 0 },
      span: { from: "2026-01-01T00:00:00.000Z", to: "2026-01-01T00:00:00.000Z" },
      exact: true,
    });
  });

  test("is no worse for entries that are written at that moment", async () => {
    const incident = await openIncident();
    await fourProducts(incident);
    const busy = () => Promise.reject(new Error("WRONGTYPE"));
    const ports = { ...incident.ports, store: { ...incident.store, inspect: busy, inspectTag: busy } };
    const plan = await planReplay(ports, planOptions());
    expect(plan).toMatchObject({ counts: { keys: { removed: 3 } }, closer: { older: { looked: 0 }, tags: { looked: 0 } } });
  });

  test("changes nothing, publishes nothing and leaves no group", async () => {
    const incident = await openIncident();
    await fourProducts(incident);
    const before = incident.log.records("shop.products").length;
    await planned(incident);
    expect(await incident.store.seed.has("product:1")).toBe(true);
    expect(await incident.store.pendingSweeps()).toEqual([]);
    expect(incident.log.records("shop.products")).toHaveLength(before);
    expect(incident.log.records("freshet.dlq.blue")).toEqual([]);
    expect((await incident.kafka.describeGroup("freshet-replay-blue-plan-1")).state).toBe("missing");
  });

  test("takes what was written within the time, to the end that is stable now", async () => {
    const incident = await openIncident();
    await incident.send({ id: "1", version: "1" });
    await incident.clock.advance(3_600_000);
    await incident.send({ id: "1", version: "2" });
    await incident.clock.advance(3_600_000);
    await incident.send({ id: "1", version: "3" });
    const selection = { ...history, from: "2026-01-01T00:30:00.000Z", to: "2026-01-01T01:30:00.000Z" } as const;
    expect((await planned(incident, { selection })).counts).toMatchObject({ records: { chosen: 1 } });
    const [{ partition = 0 } = {}] = incident.log.records("shop.products");
    incident.log.openTransaction({ topic: "shop.products", partition });
    await incident.send({ id: "1", version: "4" });
    expect((await planned(incident)).counts.records.chosen).toBe(3);
  });

  test("says what open transactions hold back, unless the time chosen ends before", async () => {
    const incident = await openIncident();
    await incident.send({ id: "1", version: "1" });
    expect((await planned(incident)).heldBack).toEqual({ offsets: 0, ranges: [] });
    const [{ partition = 0 } = {}] = incident.log.records("shop.products");
    await incident.clock.advance(3_600_000);
    await incident.send({ id: "1", version: "2" });
    incident.log.openTransaction({ topic: "shop.products", partition });
    await incident.send({ id: "1", version: "3" }, { id: "1", version: "4" });
    const heldBack = { offsets: 2, ranges: [{ topic: "shop.products", partition, from: 2, to: 4 }] };
    expect(await planned(incident)).toMatchObject({ counts: { records: { chosen: 2 } }, heldBack });
    const late = { ...history, from: "2026-01-01T00:59:59.999Z", to: "2026-01-01T02:00:00.000Z" } as const;
    expect(await planned(incident, { selection: late })).toMatchObject({ counts: { records: { chosen: 1 } }, heldBack });
    const early = { ...history, to: "2026-01-01T00:30:00.000Z" } as const;
    expect((await planned(incident, { selection: early })).heldBack.offsets).toBe(0);
  });

  test("chooses by CEL over the event", async () => {
    const incident = await openIncident();
    await incident.send({ id: "1", version: "1", data: { price: 3 } }, { id: "2", version: "1", data: { price: 9 } });
    const { counts } = await planned(incident, { selection: { ...history, where: "data.price > 5" } });
    expect(counts).toMatchObject({ records: { chosen: 1 }, passed: 1, keys: { touched: 1 } });
    expect(counts.passedBecause).toEqual({ unwanted: 1, resolved: 0, noEvent: 0, notEvaluated: 0 });
  });

  test("ends at the limit, and its ranges with it", async () => {
    const incident = await openIncident();
    await incident.send(...Array.from({ length: 50 }, (_, at) => ({ id: String(at), version: "1" })));
    const plan = await planned(incident, { limit: 20 });
    expect(plan).toMatchObject({ limited: true, counts: { records: { chosen: 20 } } });
    const read = plan.stretches.flat().reduce((sum, { from, to }) => sum + to - from, 0);
    expect(read).toBe(20);
  });

  test("says what changes against the rules that run", async () => {
    const incident = await openIncident();
    await incident.send(
      { id: "1", version: "1", data: { price: 9 } },
      { id: "2", version: "1", data: { price: 3 } },
      { id: "3", version: "1", data: {} },
      { id: "4", version: "1", data: {} },
    );
    const { comparison } = await planned(incident, { running: compiled(wrongRules) });
    expect(comparison?.changes).toEqual([
      { from: "failing: rule_error", to: "busts", records: 2 },
      { from: "busts", to: "busts others", records: 1 },
      { from: "no rule", to: "busts", records: 1 },
    ]);
    expect(comparison?.same).toBe(0);
    expect(comparison?.counts.families).toMatchObject({ page: { touched: 1 } });
    expect((await planned(incident, { running: compiled(rightRules) })).comparison).toMatchObject({ same: 4, changes: [] });
  });

  test("with force removes what is newer too, blind", async () => {
    const incident = await openIncident();
    await fourProducts(incident);
    const { counts } = await planned(incident, { force: true });
    expect(counts).toMatchObject({ keys: { removed: 4, covered: 0, absent: 1 }, removedBecause: { older: 0, blind: 3, opaque: 1 } });
  });

  test("expects the longer of what the two rates ask for", async () => {
    const incident = await openIncident();
    await incident.send(...Array.from({ length: 40 }, (_, at) => ({ id: String(at), version: "1", data: { brand: "acme" } })));
    expect((await planned(incident, { rates: { recordsPerSecond: 4, bustsPerSecond: null } })).expectedMs).toBe(10_000);
    const { counts, expectedMs } = await planned(incident, { rates: { recordsPerSecond: 1000, bustsPerSecond: 1 } });
    expect(expectedMs).toBe(counts.busts * 1000);
    expect((await planned(incident)).expectedMs).toBeNull();
  });
});

describe("the plan of a replay of dead letters", () => {
  test("decodes and maps anew: headers decide nothing", async () => {
    const incident = await openIncident();
    await incident.putProduct("1", { 1: "5" });
    await incident.putPage("1");
    await incident.fail({ id: "1", version: "10" });
    await incident.fail({ id: "1", version: "10" }, { topic: "others.topic" });
    await incident.fail({ id: "1", version: "10" }, { topic: "freshet.dlq.blue" });
    await incident.fail({ id: "1", version: "x" }, { reason: "undecodable" });
    const { counts } = await planned(incident, { selection: letters });
    expect(counts).toMatchObject({
      records: { chosen: 4, busting: 1, failing: 1, foreign: 2 },
      failing: { version_invalid: 1 },
      keys: { touched: 1, removed: 1 },
      families: { product: { touched: 1 } },
    });
    expect(counts.families).not.toHaveProperty("page");
  });

  test("chooses by reason and rule, and leaves out what is resolved unless told", async () => {
    const incident = await openIncident();
    await incident.fail({ id: "1", version: "1" });
    await incident.fail({ id: "2", version: "1" }, { reason: "undecodable" });
    const chosen = async (over: Partial<PlanOptions>) => (await planned(incident, over)).counts.records.chosen;
    expect(await chosen({ selection: { ...letters, reason: "undecodable" } })).toBe(1);
    expect(await chosen({ selection: { ...letters, rule: "product-changed" } })).toBe(2);
    expect(await chosen({ selection: { ...letters, rule: "other" } })).toBe(0);
    const isResolved = (_: number, offset: number) => offset === 0;
    expect(await chosen({ selection: letters, isResolved })).toBe(1);
    expect(await chosen({ selection: { ...letters, resolved: true }, isResolved })).toBe(2);
  });

  test("says why the others are not chosen", async () => {
    const incident = await openIncident();
    await incident.fail({ id: "1", version: "1" });
    await incident.fail({ id: "2", version: "1" });
    await incident.fail({ id: "3", version: "1", data: { cost: 1 } });
    await incident.fail({ id: "4", version: "x" });
    await incident.fail({ id: "5", version: "1" }, { reason: "undecodable" });
    await incident.fail({ id: "6", version: "1" }, { reason: "undecodable" });
    const isResolved = (_: number, offset: number) => offset === 0 || offset === 5;
    const whys = async (over: object) => {
      const { counts } = await planned(incident, { selection: { ...letters, ...over }, isResolved });
      const { unwanted, resolved, noEvent, notEvaluated } = counts.passedBecause ?? nonePassed;
      expect(counts.passed).toBe(unwanted + resolved + noEvent + notEvaluated);
      return [counts.records.chosen, unwanted, resolved, noEvent, notEvaluated];
    };
    expect(await whys({})).toEqual([4, 0, 2, 0, 0]);
    expect(await whys({ where: "data.price == 1" })).toEqual([2, 0, 2, 1, 1]);
    expect(await whys({ where: "data.prize == 1" })).toEqual([0, 0, 2, 1, 3]);
    expect(await whys({ where: "data.prize == 1", reason: "undecodable" })).toEqual([0, 4, 1, 0, 1]);
    expect(await whys({ where: 'subject == "1"', resolved: true })).toEqual([1, 4, 0, 1, 0]);
    const running = compiled(wrongRules);
    const { comparison } = await planned(incident, { selection: { ...letters, where: "data.prize == 1" }, running });
    expect(comparison?.counts.passedBecause).toEqual({ unwanted: 0, resolved: 0, noEvent: 1, notEvaluated: 5 });
  });

  test("adds what two runs passed, and tells no whys where a release before has counted", () => {
    const run = { ...noCounts, passed: 3, passedBecause: { ...nonePassed, resolved: 1, notEvaluated: 2 } };
    const { passedBecause: _, ...before } = run;
    expect(addCounts(noCounts, run)).toMatchObject({ passed: 3, passedBecause: { resolved: 1, notEvaluated: 2 } });
    expect(addCounts(run, run)).toMatchObject({ passed: 6, passedBecause: { unwanted: 0, resolved: 2, noEvent: 0, notEvaluated: 4 } });
    expect(addCounts({ ...before, passed: 0 }, run)).toMatchObject({ passed: 3, passedBecause: { notEvaluated: 2 } });
    expect(addCounts(before, run)).toMatchObject({ passed: 6 });
    expect(addCounts(before, run)).not.toHaveProperty("passedBecause");
  });

  test("newest first: what a limit takes is the newest", async () => {
    const incident = await openIncident();
    for (let at = 0; at < 5; at++) await incident.fail({ id: String(at), version: "1" });
    const plan = await planned(incident, { selection: letters, order: "newest" });
    expect(plan.counts.records.chosen).toBe(5);
  });
});

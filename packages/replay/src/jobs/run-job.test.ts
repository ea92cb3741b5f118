import { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { compiled, type Incident, openIncident, rightRules } from "../../tests/incident.js";
import { history, letters, planOptions } from "../../tests/options.js";
import { realTime } from "../../tests/real-time.js";
import { readResolved } from "../dead-letters/resolved.js";
import { type PlanOptions, planReplay } from "../plan/plan-replay.js";
import { type Job, jobSchema } from "./job.js";
import { jobRecord, readJobRecord } from "./job-records.js";
import { findJob, readJobs } from "./read-jobs.js";
import { type RunJobOptions, runJob } from "./run-job.js";
import { startJob } from "./start-job.js";

const never = new AbortController().signal;
const by = { user: "ada", host: "ops-1" };
const runner = { host: "ops-1", pid: 1, token: "t1" };

/** Plans, makes the job and runs it. */
async function replayed(incident: Incident, over: Partial<PlanOptions> = {}, run: Partial<RunJobOptions> = {}): Promise<Job> {
  const plan = await planReplay(incident.ports, planOptions(over));
  if (plan === null) throw new Error("it was stopped");
  const options = { id: "j1", deployment: "blue", rulesText: rightRules, by, because: "", clock: incident.clock };
  const { job, jobsEnd } = await startJob(incident.kafka, plan, options);
  return await resumed(incident, job, { jobsEnd, ...run });
}

interface Resumption extends Partial<RunJobOptions> {
  readonly pause?: typeof realTime.pause;
}

function resumed(incident: Incident, job: Job, { pause = realTime.pause, ...run }: Resumption = {}): Promise<Job> {
  const rules = compiled(rightRules);
  const known = { job, runner, rules, isResolved: () => false, jobsEnd: [], stop: never, onProgress: () => {} };
  return runJob({ ...incident.ports, pause }, { ...known, ...run });
}

/** What is waited for passes at once; only the heartbeat takes its time. */
function passing({ clock }: Incident): typeof realTime.pause {
  return async (ms, stop) => await (ms >= 4000 ? realTime.pause(ms, stop) : clock.advance(ms).then(() => undefined));
}

async function someTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The states of job j1 as they were written, in order. */
function statesOf({ log }: Incident): readonly Job[] {
  return log.records("freshet.jobs.blue").flatMap((record) => {
    const read = readJobRecord(record);
    return read?.kind === "job" ? [read.job] : [];
  });
}

async function manyProducts(incident: Incident, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await incident.putProduct(String(at), { [at]: at % 2 === 0 ? "5" : "50" });
  for (const version of ["8", "10", "9"]) {
    await incident.send(...Array.from({ length: count }, (_, at) => ({ id: String(at), version })));
  }
}

/** As another process does that has claimed the job. */
async function takeOver(incident: Incident): Promise<void> {
  const { job } = await findJob(incident.kafka, "j1", { deployment: "blue", group: "g4", stop: never });
  await incident.kafka.produce([jobRecord({ ...job, status: "running", runner: { host: "ops-2", pid: 2, token: "t2" } })]);
}

describe("a replay that applies", () => {
  test("does what its plan said, to the number", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 500);
    await incident.putPage("3");
    await incident.send({ id: "3", version: "60", type: "product.deleted", data: { brand: "acme" } }, { id: "3", version: "x" });
    const job = await replayed(incident);
    expect(job.status).toBe("done");
    expect(job.counts).toEqual(job.planned);
    expect(job.counts.keys).toMatchObject({ touched: 501, removed: 252 });
    expect(await incident.store.seed.has("product:0")).toBe(false);
    expect(await incident.store.seed.has("product:1")).toBe(true);
    expect((await incident.kafka.describeGroup("freshet-replay-blue-j1")).state).toBe("missing");
    expect(incident.log.records("freshet.dlq.blue")).toEqual([]);
  });

  test("a second plan says what it would remove again, and that the rest is covered; the outcome agrees", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 40);
    await incident.putPage("3");
    await incident.send({ id: "3", version: "60", type: "product.deleted" });
    await replayed(incident);
    // readers came back: an opaque page, a product under its floor, one without its own subject after its floor is gone
    await incident.putPage("3");
    await incident.putProduct("0", { 0: "10" });
    const second = await replayed(incident);
    expect(second.planned.keys).toMatchObject({ removed: 1, covered: 20 });
    expect(second.planned.removedBecause).toEqual({ older: 0, unversioned: 0, blind: 0, opaque: 1 });
    expect(second.counts).toEqual(second.planned);
    await incident.clock.advance(3 * 3_600_000);
    await incident.putProduct("2", { 999: "1" });
    const third = await replayed(incident);
    expect(third.planned.removedBecause).toMatchObject({ older: 1 });
    expect(third.counts).toEqual(third.planned);
  });

  test("with force removes what is newer, and lowers no floor", async () => {
    const incident = await openIncident();
    await incident.send({ id: "1", version: "10" });
    await replayed(incident);
    await incident.putProduct("1", { 1: "10" });
    const product = compiled(rightRules).families.get("product");
    if (product === undefined) throw new Error("no such family");
    const floors = async () =>
      (await incident.store.inspect("product:1", product.entry)).floors.map(({ subject, version }) => [subject, version]);
    expect(await floors()).toEqual([["catalog.product/1", "10"]]);
    const job = await replayed(incident, { force: true });
    expect(job.counts).toEqual(job.planned);
    expect(job.counts.removedBecause).toEqual({ older: 0, unversioned: 0, blind: 1, opaque: 0 });
    expect(await incident.store.seed.has("product:1")).toBe(false);
    expect(await floors()).toEqual([["catalog.product/1", "10"]]);
    expect((await incident.store.inspect("product:1", product.entry)).blindFloor).not.toBeNull();
  });

  test("ends where the snapshot ended while records are added", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 300);
    let hasSent = false;
    const onProgress = (): void => {
      if (!hasSent) void incident.send(...Array.from({ length: 50 }, (_, at) => ({ id: `new${at}`, version: "1" })));
      hasSent = true;
    };
    const job = await replayed(incident, {}, { onProgress });
    expect(hasSent).toBe(true);
    expect(job.counts.records.chosen).toBe(900);
  });

  test("stopped, it is written down and goes on where it was", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 500);
    const stop = new AbortController();
    const first = await replayed(incident, {}, { stop: stop.signal, onProgress: () => stop.abort() });
    expect(first.status).toBe("stopped");
    const { job, rulesText } = await findJob(incident.kafka, "j1", { deployment: "blue", group: "g", stop: never });
    expect(jobSchema.parse(job)).toEqual(first);
    expect(rulesText).toBe(rightRules);
    expect(job.counts.records.chosen).toBeGreaterThan(0);
    expect(job.counts.records.chosen).toBeLessThan(1500);
    const second = await resumed(incident, job);
    expect(second).toMatchObject({ status: "done", runs: 2, left: [] });
    expect(second.counts.records).toEqual(second.planned.records);
    expect(second.counts.keys.removed).toBe(second.planned.keys.removed);
    expect([first.counts.exact, second.counts.inexactBecause]).toEqual([true, ["two_runs"]]);
    expect(await readJobs(incident.kafka, { deployment: "blue", group: "g", stop: never })).toEqual([second]);
  });

  test("a slow one is written down every second: a SIGKILL leaves little uncounted", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 200);
    const slow = { rates: { recordsPerSecond: 100, bustsPerSecond: null } };
    const plan = await planReplay(incident.ports, planOptions(slow));
    if (plan === null) throw new Error("it was stopped");
    const known = { id: "j1", deployment: "blue", rulesText: rightRules, by, because: "", clock: incident.clock };
    const { job, jobsEnd } = await startJob(incident.kafka, plan, known);
    const startedMs = incident.clock.nowMs();
    const last = await resumed(incident, job, { jobsEnd, pause: passing(incident) });
    expect(last.counts).toEqual(last.planned); // the steps sent, too, though small slices merge fewer
    expect((incident.clock.nowMs() - startedMs) / 1000).toBeCloseTo(600 / 100 - 0.25, 0);
    const chosen = statesOf(incident).map(({ counts }) => counts.records.chosen);
    const steps = chosen.slice(1).map((count, at) => count - (chosen[at] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(150);
  });

  test("says that its counts are not exact, and why, when a slice had to be run again", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 20);
    const { store } = incident.ports;
    let isLost = false;
    const bust: typeof store.bust = async (busts) => {
      const outcomes = await store.bust(busts);
      if (isLost) return outcomes;
      isLost = true;
      throw new FreshetError("FR2001", "wait", "no answer came", "Wait.");
    };
    const job = await replayed({ ...incident, ports: { ...incident.ports, store: { ...store, bust } } });
    expect(job).toMatchObject({ status: "done", counts: { exact: false, inexactBecause: ["slice_run_again"] } });
    expect(job.planned.exact).toBe(true);
    expect(job.counts.keys.removed).toBeLessThan(job.planned.keys.removed);
    expect(jobSchema.parse(job)).toEqual(job);
  });

  test("says that it runs before it does anything", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 2);
    const { kafka, ports } = incident;
    const produce: typeof kafka.produce = (records) => {
      const isRunning = records.some(({ value }) => Buffer.from(value ?? []).includes('"status":"running"'));
      return isRunning ? Promise.reject(new FreshetError("FR3001", "wait", "Kafka is away", "Wait.")) : kafka.produce(records);
    };
    await expect(replayed({ ...incident, ports: { ...ports, kafka: { ...kafka, produce } } })).rejects.toMatchObject({ code: "FR3001" });
    expect(await incident.store.seed.has("product:0")).toBe(true);
  });

  test("writes nothing more once it has failed, whatever was under way", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 300);
    const { kafka } = incident;
    const read: typeof kafka.read = async (options) => {
      if (options.group !== "freshet-replay-blue-j1") return await kafka.read(options);
      const handed = Promise.withResolvers<void>();
      const onBatch: typeof options.onBatch = async (batch) => {
        handed.resolve();
        await options.onBatch(batch);
      };
      kafka.read({ ...options, onBatch }).catch(() => {});
      await handed.promise;
      throw new FreshetError("FR3001", "wait", "the brokers are away", "Wait.");
    };
    const { store } = incident.ports;
    const bust: typeof store.bust = async (busts) => {
      await someTurns(5);
      return await store.bust(busts);
    };
    const gone = { ...incident, ports: { ...incident.ports, store: { ...store, bust }, kafka: { ...kafka, read } } };
    await expect(replayed(gone, {}, { timing: { checkpointMs: 0 } })).rejects.toMatchObject({ code: "FR3001" });
    const written = statesOf(incident).length;
    await someTurns(50);
    expect(statesOf(incident)).toHaveLength(written);
    expect(statesOf(incident).at(-1)).toMatchObject({ status: "stopped", error: "FR3001", runner: null });
  });

  test("a process that was taken for dead leaves the job to the one that went on with it", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 300);
    let hasTaken = false;
    const onProgress = (): void => {
      if (hasTaken) return;
      hasTaken = true;
      void takeOver(incident);
    };
    const slow = { rates: { recordsPerSecond: 400, bustsPerSecond: null } };
    const silent = { timing: { checkpointMs: 60_000, heartbeatMs: 10 } };
    await expect(replayed(incident, slow, { onProgress, ...silent })).rejects.toMatchObject({
      code: "FR1005",
      message: expect.stringContaining("another process has gone on with job j1"),
    });
    const { job } = await findJob(incident.kafka, "j1", { deployment: "blue", group: "g", stop: never });
    expect(job).toMatchObject({ status: "running", runner: { token: "t2" } });
  });

  test("marks dead letters that came to their end; those that still fail stay open, and none is written again", async () => {
    const incident = await openIncident();
    await incident.fail({ id: "1", version: "10" });
    await incident.fail({ id: "2", version: "x" });
    await incident.fail({ id: "3", version: "1" }, { topic: "others.topic" });
    const job = await replayed(incident, { selection: letters });
    expect(job).toMatchObject({ status: "done", counts: { records: { chosen: 3, busting: 1, failing: 1, foreign: 1 } } });
    const marks = { deployment: "blue", group: "g2", stop: never, onProgress: () => {} };
    const resolved = await readResolved(incident.kafka, marks);
    const written = incident.log.records("freshet.dlq.blue");
    expect(written.map(({ offset, timestampMs }) => resolved.has(0, offset, timestampMs))).toEqual([true, false, false]);
  });

  test("writes nothing to the topic of the events and touches no other group", async () => {
    const incident = await openIncident();
    await manyProducts(incident, 10);
    const at = { topic: "shop.products", partition: 0 };
    await incident.kafka.consume({
      group: "freshet-blue",
      topics: ["shop.products"],
      onBatch: async (batch, control) => {
        control.ended(batch.records.at(-1)?.offset ?? 0);
        return { kind: "done" };
      },
    });
    const ends = () => incident.log.records("shop.products").length;
    await until(() => incident.log.committed("freshet-blue", at) !== null);
    const before = [ends(), incident.log.committed("freshet-blue", at), (await incident.kafka.describeGroup("freshet-blue")).members];
    await replayed(incident, { selection: history });
    expect([ends(), incident.log.committed("freshet-blue", at), (await incident.kafka.describeGroup("freshet-blue")).members]).toEqual(
      before,
    );
  });
});

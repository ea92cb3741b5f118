import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { compiled, type Incident, openIncident, rightRules } from "../../tests/incident.js";
import { planOptions } from "../../tests/options.js";
import { again, realTime } from "../../tests/real-time.js";
import { planReplay } from "../plan/plan-replay.js";
import { type AbortOptions, abortJob } from "./abort-job.js";
import { type ClaimOptions, claimJob } from "./claim-job.js";
import type { Job } from "./job.js";
import { jobRecord } from "./job-records.js";
import { type FoundJob, findJob, readJobs } from "./read-jobs.js";
import { runJob } from "./run-job.js";
import { startJob } from "./start-job.js";

const never = new AbortController().signal;
const timing = { silentMs: 60, sessionMs: 100, pollMs: 5 };
/** Where somebody writes: the first write ends the wait. */
const patient = { timing: { ...timing, silentMs: 5_000 } };
const { clock, pause } = realTime;

async function stoppedJob(incident: Incident, over: Partial<Job> = {}): Promise<Job> {
  await incident.send(...Array.from({ length: 600 }, (_, at) => ({ id: String(at), version: "1" })));
  const plan = await planReplay(incident.ports, planOptions());
  if (plan === null) throw new Error("it was stopped");
  const by = { user: "ada", host: "ops-1" };
  const known = { id: "j1", deployment: "blue", rulesText: rightRules, by, because: "", clock: incident.clock };
  const { job } = await startJob(incident.kafka, plan, known);
  const state = { ...job, ...over };
  await incident.kafka.produce([jobRecord(state)]);
  return state;
}

function claim(incident: Incident, token: string, over: Partial<ClaimOptions> = {}): Promise<FoundJob | null> {
  const options = {
    deployment: "blue",
    id: "j1",
    runner: { host: token, pid: 1, token },
    clock,
    pause,
    stop: never,
    onWait: () => {},
    timing,
    ...over,
  };
  return claimJob(incident.kafka, options);
}

function found(incident: Incident): Promise<FoundJob> {
  return findJob(incident.kafka, "j1", { deployment: "blue", group: "g5", stop: never });
}

/** As whoever has the job does every few seconds. */
async function writesAgain(incident: Incident): Promise<void> {
  const { job } = await findJob(incident.kafka, "j1", { deployment: "blue", group: "g3", stop: never });
  await incident.kafka.produce([jobRecord(job)]);
}

const running = { status: "running", runner: { host: "ops-2", pid: 7, token: "t0" } } as const;

describe("going on with a job", () => {
  test("of two that try at once one has it, and the other is told who", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    const tries = await Promise.allSettled([claim(incident, "a"), claim(incident, "b"), claim(incident, "c")]);
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of tries) {
      if (one.status === "rejected")
        expect(one.reason).toMatchObject({ code: "FR1005", message: expect.stringContaining("somebody works on job j1") });
    }
  });

  test("one that somebody has just claimed is left alone", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    expect(await claim(incident, "a")).not.toBeNull();
    const stopWriting = again(20, () => writesAgain(incident));
    await expect(claim(incident, "b", patient)).rejects.toMatchObject({
      code: "FR1005",
      message: "somebody works on job j1: a, process 1",
    });
    stopWriting();
  });

  test("a process that died is taken over, with the rules it had", async () => {
    const incident = await openIncident();
    const job = await stoppedJob(incident, running);
    expect(await claim(incident, "a")).toMatchObject({ job, rulesText: rightRules });
  });

  test("one that still writes is left alone", async () => {
    const incident = await openIncident();
    const job = await stoppedJob(incident, running);
    const stopWriting = again(20, () => incident.kafka.produce([jobRecord({ ...job, updatedAt: new Date().toISOString() })]));
    await expect(claim(incident, "a", patient)).rejects.toMatchObject({
      code: "FR1005",
      message: "somebody works on job j1: ops-2, process 7",
    });
    stopWriting();
  });

  test("one whose group has a member is left alone", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    const onBatch = async () => ({ kind: "done" }) as const;
    const reading = await incident.kafka.consume({ group: "freshet-replay-blue-j1", topics: ["shop.products"], onBatch });
    await expect(claim(incident, "a")).rejects.toMatchObject({ code: "FR1005", message: expect.stringContaining("still has a member") });
    await reading.stop();
    expect(await claim(incident, "b")).not.toBeNull();
  });

  test("one that this process cannot go on with is not touched", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    const before = incident.log.records("freshet.jobs.blue").length;
    const accept = (): void => {
      throw new Error("these are other rules");
    };
    await expect(claim(incident, "a", { accept })).rejects.toThrow("these are other rules");
    expect(incident.log.records("freshet.jobs.blue")).toHaveLength(before);
  });

  test("one that is not gone on with, as somebody stopped it or the group stays taken, waits for nobody afterwards", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    const onBatch = async () => ({ kind: "done" }) as const;
    const reading = await incident.kafka.consume({ group: "freshet-replay-blue-j1", topics: ["shop.products"], onBatch });
    const stop = new AbortController();
    expect(await claim(incident, "a", { stop: stop.signal, onWait: () => stop.abort() })).toBeNull();
    expect((await found(incident)).job).toMatchObject({ status: "stopped", runner: null });
    await expect(claim(incident, "b")).rejects.toMatchObject({ code: "FR1005" });
    expect((await found(incident)).job).toMatchObject({ status: "stopped", runner: null });
    await reading.stop();
    const waits: string[] = [];
    expect(await claim(incident, "c", { onWait: (what) => void waits.push(what) })).not.toBeNull();
    expect(waits).toEqual([]);
  });

  test("one of another deployment, copied into the topic of this one, is not there", async () => {
    const incident = await openIncident();
    const job = await stoppedJob(incident);
    const { value } = jobRecord({ ...job, id: "j2", deployment: "green" });
    await incident.kafka.produce([{ ...jobRecord({ ...job, id: "j2" }), value }]);
    await expect(claim(incident, "a", { id: "j2" })).rejects.toMatchObject({ code: "FR1001", message: "there is no replay job j2" });
    expect(await readJobs(incident.kafka, { deployment: "blue", group: "g", stop: never })).toHaveLength(1);
  });

  test("what was read of the jobs when it was stopped is not taken for the truth", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    const stop = AbortSignal.abort();
    expect(await claim(incident, "a", { stop })).toBeNull();
    const asked = { deployment: "blue", group: "g", stop };
    await expect(findJob(incident.kafka, "j1", asked)).rejects.toMatchObject({ code: "FR3001" });
    await expect(readJobs(incident.kafka, asked)).rejects.toMatchObject({ code: "FR3001" });
  });

  test.each(["done", "aborted"] as const)("nothing is left of one that is %s", async (status) => {
    const incident = await openIncident();
    await stoppedJob(incident, { status });
    await expect(claim(incident, "a")).rejects.toMatchObject({ code: "FR1001", message: expect.stringContaining(`is ${status}`) });
  });
});

describe("ending a job for good", () => {
  const actor = { id: "a1", who: { user: "ada", host: "ops-1" }, tool: { name: "freshet", version: "1" } };
  const known = { deployment: "blue", id: "j1", token: "x", actor, because: "INC-1", clock, pause, stop: never, onWait: () => {} };
  const abort = (incident: Incident, over: Partial<AbortOptions> = {}) => abortJob(incident.kafka, { ...known, timing, ...over });

  test("one that nobody works on", async () => {
    const incident = await openIncident();
    await stoppedJob(incident);
    expect(await abort(incident)).toMatchObject({ status: "aborted", runner: null });
    await expect(claim(incident, "a")).rejects.toMatchObject({ code: "FR1001" });
    await expect(abort(incident)).rejects.toMatchObject({ code: "FR1001" });
  });

  test("one whose process died", async () => {
    const incident = await openIncident();
    await stoppedJob(incident, running);
    expect(await abort(incident)).toMatchObject({ status: "aborted", runner: null });
  });

  test("stopped while it waits, it ends nothing and says so in the audit trail", async () => {
    const incident = await openIncident();
    await stoppedJob(incident, running);
    const stop = new AbortController();
    expect(await abort(incident, { stop: stop.signal, onWait: () => stop.abort() })).toBeNull();
    expect((await found(incident)).job.status).toBe("running");
    const outcomes = incident.log.records("freshet.audit.blue").map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()).outcome);
    expect(outcomes).toEqual(["started", "interrupted"]);
    expect(await abort(incident, { stop: AbortSignal.abort() })).toBeNull();
    expect(await abort(incident)).toMatchObject({ status: "aborted" });
  });

  test("one that runs: whoever works on it leaves it", async () => {
    const incident = await openIncident();
    const job = await stoppedJob(incident);
    const { end } = await findJob(incident.kafka, "j1", { deployment: "blue", group: "g", stop: never });
    const slow = { ...job, rates: { recordsPerSecond: 20, bustsPerSecond: null } };
    const ports = { ...incident.ports, clock, pause };
    const working = runJob(ports, {
      job: slow,
      runner: { host: "ops-1", pid: 1, token: "t1" },
      rules: compiled(rightRules),
      isResolved: () => false,
      jobsEnd: end,
      stop: never,
      onProgress: () => {},
      timing: { checkpointMs: 10, heartbeatMs: 20 },
    });
    const look = { deployment: "blue", group: "g2", stop: never };
    await until(async () => (await findJob(incident.kafka, "j1", look)).job.status === "running");
    const aborted = await abort(incident, { timing: { silentMs: 5000, pollMs: 5 } });
    expect(aborted).toMatchObject({ status: "aborted", runner: null });
    expect(await working).toMatchObject({ status: "aborted" });
    expect((await working).counts.records.chosen).toBeLessThan(600);
  });
});

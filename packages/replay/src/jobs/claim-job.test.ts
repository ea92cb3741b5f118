import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { compiled, type Incident, openIncident, rightRules } from "../../tests/incident.js";
import { planOptions } from "../../tests/options.js";
import { again, realTime } from "../../tests/real-time.js";
import { planReplay } from "../plan/plan-replay.js";
import { abortJob } from "./abort-job.js";
import { claimJob } from "./claim-job.js";
import type { Job } from "./job.js";
import { jobRecord } from "./job-records.js";
import { type FoundJob, findJob } from "./read-jobs.js";
import { runJob } from "./run-job.js";
import { startJob } from "./start-job.js";

const never = new AbortController().signal;
const timing = { silentMs: 60, sessionMs: 100, pollMs: 5 };
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

function claim(incident: Incident, token: string): Promise<FoundJob | null> {
  const options = {
    deployment: "blue",
    id: "j1",
    runner: { host: token, pid: 1, token },
    clock,
    pause,
    stop: never,
    onWait: () => {},
    timing,
  };
  return claimJob(incident.kafka, options);
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
    await expect(claim(incident, "b")).rejects.toMatchObject({ code: "FR1005", message: "somebody works on job j1: a, process 1" });
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
    await expect(claim(incident, "a")).rejects.toMatchObject({ code: "FR1005", message: "somebody works on job j1: ops-2, process 7" });
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

  test.each(["done", "aborted"] as const)("nothing is left of one that is %s", async (status) => {
    const incident = await openIncident();
    await stoppedJob(incident, { status });
    await expect(claim(incident, "a")).rejects.toMatchObject({ code: "FR1001", message: expect.stringContaining(`is ${status}`) });
  });
});

describe("ending a job for good", () => {
  const abort = (incident: Incident) =>
    abortJob(incident.kafka, { deployment: "blue", id: "j1", token: "x", clock, pause, stop: never, onWait: () => {}, timing });

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
    const aborted = await abortJob(incident.kafka, {
      ...{ deployment: "blue", id: "j1", token: "x", clock, pause, stop: never, onWait: () => {} },
      timing: { silentMs: 5000, pollMs: 5 },
    });
    expect(aborted).toMatchObject({ status: "aborted", runner: null });
    expect(await working).toMatchObject({ status: "aborted" });
    expect((await working).counts.records.chosen).toBeLessThan(600);
  });
});

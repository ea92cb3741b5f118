import type { ProduceRecord } from "@freshet/kafka";
import { describe, expect, test } from "@jest/globals";
import { openIncident } from "../../tests/incident.js";
import { noCounts } from "../plan/counts.js";
import type { Job } from "./job.js";
import { abortRecord, jobRecord, resolvedRecord } from "./job-records.js";
import { JobWatch } from "./job-watch.js";

const never = new AbortController().signal;
const at = "2026-01-01T00:00:00.000Z";
const by = { user: "ada", host: "ops-1" };

const job: Job = {
  v: 1,
  id: "j1",
  deployment: "blue",
  status: "running",
  selection: { kind: "history", topic: "shop.products", from: at, to: "2026-01-02T00:00:00.000Z", where: null },
  order: "oldest",
  force: false,
  rates: { recordsPerSecond: null, bustsPerSecond: null },
  rulesHash: "0".repeat(64),
  by,
  because: "",
  createdAt: at,
  updatedAt: at,
  endedAt: null,
  left: [],
  total: 0,
  planned: noCounts,
  counts: noCounts,
  runs: 1,
  runner: { host: "ops-1", pid: 1, token: "t1" },
  error: null,
};

async function watched() {
  const { kafka } = await openIncident();
  let readings = 0;
  let written = 0;
  const watching: typeof kafka = {
    ...kafka,
    read: (options) => {
      readings++;
      return kafka.read(options);
    },
  };
  const watch = new JobWatch(watching, {
    ...{ deployment: "blue", id: "j1", token: "t1", run: 1, group: "g", stop: never },
    from: [{ topic: "freshet.jobs.blue", partition: 0, next: 0 }],
    written: () => written,
  });
  return {
    watch,
    readings: () => readings,
    put: (...records: readonly ProduceRecord[]) => kafka.produce(records),
    /** What this run has written, and heard of. */
    acknowledge: (records: number) => {
      written += records;
    },
  };
}

const marks = (count: number) =>
  Array.from({ length: count }, (_, offset) => resolvedRecord("blue", { id: `0-${offset}`, jobId: "j1", at, by, outcome: "applied" }));
const abort = abortRecord("blue", { id: "j1", at });

describe("a job that is watched by whoever works on it", () => {
  test("is not read while only its own states and marks are added", async () => {
    const { watch, put, acknowledge, readings } = await watched();
    await put(jobRecord(job), ...marks(200));
    acknowledge(201);
    expect(await watch.look()).toBe("ours");
    expect(readings()).toBe(0);
  });

  test("an abort is seen also beside marks that were read before they were acknowledged", async () => {
    const { watch, put, acknowledge } = await watched();
    await put(...marks(200));
    expect(await watch.look()).toBe("ours"); // reads them: nobody has acknowledged them yet
    acknowledge(200);
    await put(abort);
    expect(await watch.look()).toBe("aborted");
  });

  test("states that the claim wrote hide nothing, and are read once", async () => {
    const { watch, put, acknowledge, readings } = await watched();
    await put(jobRecord({ ...job, runs: 0 }), jobRecord({ ...job, runs: 0 }), jobRecord(job));
    acknowledge(1);
    expect(await watch.look()).toBe("ours");
    await put(jobRecord(job));
    acknowledge(1);
    expect(await watch.look()).toBe("ours");
    expect(readings()).toBe(1);
    await put(abort);
    expect(await watch.look()).toBe("aborted");
  });

  test("another's state says that it is taken; other jobs and their marks say nothing", async () => {
    const { watch, put } = await watched();
    await put(jobRecord({ ...job, id: "j2", runner: { host: "ops-2", pid: 2, token: "t2" } }));
    await put(resolvedRecord("blue", { id: "0-1", jobId: "j2", at, by, outcome: "applied" }), abortRecord("blue", { id: "j2", at }));
    expect(await watch.look()).toBe("ours");
    await put(jobRecord({ ...job, runner: { host: "ops-2", pid: 2, token: "t2" } }));
    expect(await watch.look()).toBe("taken");
  });
});

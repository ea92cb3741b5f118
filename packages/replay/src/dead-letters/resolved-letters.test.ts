import { describe, expect, test } from "@jest/globals";
import { type Incident, openIncident } from "../../tests/incident.js";
import { letters, planOptions } from "../../tests/options.js";
import { findJob } from "../jobs/read-jobs.js";
import { runJob } from "../jobs/run-job.js";
import { startJob } from "../jobs/start-job.js";
import { planReplay, type ReplayPlan } from "../plan/plan-replay.js";
import { type DeadLetterQuery, listDeadLetters, statDeadLetters } from "./query.js";
import { readResolved } from "./resolved.js";
import { ResolvedLetters } from "./resolved-letters.js";
import { showDeadLetter } from "./show.js";

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
const reading = { deployment: "blue", group: "g", stop: never, onProgress: () => {} };

function query(): DeadLetterQuery {
  const choice = { reason: null, rule: null, where: null };
  return { ...reading, topic: null, sinceMs: null, untilMs: null, choice, rules: null };
}

async function failSome({ fail }: Incident, letterCount: number): Promise<void> {
  for (let at = 0; at < letterCount; at++) await fail({ id: String(at), version: "7" });
}

async function planned(incident: Incident): Promise<ReplayPlan> {
  const resolved = await readResolved(incident.kafka, reading);
  const isResolved = resolved.has.bind(resolved);
  const plan = await planReplay(incident.ports, planOptions({ selection: letters, isResolved }));
  if (plan === null) throw new Error("it was stopped");
  return plan;
}

async function replay(incident: Incident, id: string): Promise<void> {
  const plan = await planned(incident);
  const by = { user: "ada", host: "ops-1" };
  const { rules } = planOptions();
  const made = await startJob(incident.kafka, plan, { id, deployment: "blue", rulesText: "", by, because: "", clock: incident.clock });
  const resolved = await readResolved(incident.kafka, reading);
  const runner = { host: "ops-1", pid: 1, token: "t1" };
  await runJob(incident.ports, { ...made, runner, rules, isResolved: resolved.has.bind(resolved), stop: never, onProgress: () => {} });
}

/** What the jobs topic held stays; the dead-letter topic is empty again, a minute later. */
async function madeAnew(before: Incident): Promise<Incident> {
  const after = await openIncident();
  const marks = before.log.records("freshet.jobs.blue").map(({ key, value }) => ({ topic: "freshet.jobs.blue", key, value, headers: [] }));
  await after.kafka.produce(marks);
  await after.clock.advance(60_000);
  return after;
}

const one = (offset: number) => ({ ...query(), partition: 0, offset, payload: false, onProgress: () => {} });

/** What everybody who reads marks says of the topic. */
async function told(incident: Incident) {
  const { open, resolved } = await listDeadLetters(incident.kafka, query(), 50);
  const stats = await statDeadLetters(incident.kafka, query());
  const { resolution } = (await showDeadLetter(incident.kafka, one(0))) ?? {};
  const { counts } = await planned(incident);
  return { open, resolved, openInStats: stats.open, first: resolution?.state, toReplay: counts.records.chosen };
}

describe("marks of letters whose topic was made anew", () => {
  test("count for none of the letters that lie at the same places since", async () => {
    const before = await openIncident();
    await failSome(before, 10);
    await replay(before, "j1");
    expect(await told(before)).toEqual({ open: 0, resolved: 10, openInStats: 0, first: "resolved", toReplay: 0 });

    const after = await madeAnew(before);
    await failSome(after, 20);
    expect(await told(after)).toEqual({ open: 20, resolved: 0, openInStats: 20, first: "open", toReplay: 20 });
    await replay(after, "j2");
    expect(await told(after)).toEqual({ open: 0, resolved: 20, openInStats: 0, first: "resolved", toReplay: 0 });
  });

  test("count for none of them either where they do not say when the letter was written", async () => {
    const { kafka, fail, clock, ...rest } = await openIncident();
    const mark = (id: string) =>
      kafka.produce([{ topic: "freshet.jobs.blue", key: bytes(`resolved/${id}`), value: bytes('{"jobId":"j0"}'), headers: [] }]);
    await mark("0-0");
    await mark("0-1");
    await clock.advance(1);
    for (const id of ["1", "2", "3"]) await fail({ id, version: "7" });
    await mark("0-2"); // as late as the letter itself
    expect(await told({ kafka, fail, clock, ...rest })).toEqual({ open: 2, resolved: 1, openInStats: 2, first: "open", toReplay: 2 });
  });

  test("count for none of them when another job is resumed", async () => {
    const before = await openIncident();
    await failSome(before, 2);
    await replay(before, "j1");
    const after = await madeAnew(before);
    await failSome(after, 2);
    await replay(after, "j2");
    const { resolved } = await findJob(after.kafka, "j1", { deployment: "blue", group: "g", stop: never });
    const timesOf = ({ log }: Incident) => log.records("freshet.dlq.blue").map(({ timestampMs }) => timestampMs);
    expect(timesOf(before).map((writtenAtMs, offset) => resolved.has(0, offset, writtenAtMs))).toEqual([false, false]);
    expect(timesOf(after).map((writtenAtMs, offset) => resolved.has(0, offset, writtenAtMs))).toEqual([true, true]);
  });
});

describe("resolved letters", () => {
  test("are told by place and time; the last mark of a place counts", () => {
    const resolved = new ResolvedLetters();
    const place = { partition: 1, offset: 300 };
    const holds = () => [6, 7, 8].map((writtenAtMs) => resolved.has(1, 300, writtenAtMs));
    expect(holds()).toEqual([false, false, false]);
    resolved.set(place, { kind: "until", ms: 7 });
    expect(holds()).toEqual([true, true, false]);
    resolved.set(place, { kind: "at", ms: 7 });
    expect(holds()).toEqual([false, true, false]);
    expect([resolved.has(0, 300, 7), resolved.has(1, 301, 7), resolved.has(1, 300 - 128, 7)]).toEqual([false, false, false]);
    resolved.set(place, { kind: "until", ms: 8 });
    expect(holds()).toEqual([true, true, true]);
    resolved.set(place, null);
    expect(holds()).toEqual([false, false, false]);
  });

  test.each([-1, 0, 2 ** 62])("a letter of time %d is told, as brokers take any", (ms) => {
    const resolved = new ResolvedLetters();
    resolved.set({ partition: 0, offset: 0 }, { kind: "at", ms });
    expect([resolved.has(0, 0, ms), resolved.has(0, 0, 5)]).toEqual([true, false]);
  });
});

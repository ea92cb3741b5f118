import { FreshetError } from "@freshet/protocol";
import { type Job, jobSchema } from "@freshet/replay";
import { describe, expect, test } from "@jest/globals";
import { createReplayWorld } from "../../tests/replay-world.js";
import { transcript, type World } from "../../tests/transcript.js";

const history = ["replay", "history", "--topic", "shop.products", "--from", "2h", "--to", "0s", "--rules", "corrected.yaml"];
const apply = [...history, "--apply"];
const dlq = ["replay", "dlq", "--rules", "corrected.yaml"];
const encoder = new TextEncoder();

type ReplayWorld = Awaited<ReturnType<typeof createReplayWorld>>;

function auditOf({ log }: ReplayWorld) {
  return log.records("freshet.audit.blue").map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()));
}

/** A job that is done, put back to another state. */
async function jobThat(made: ReplayWorld, over: Partial<Job>): Promise<Job> {
  const { send, kafka, world } = made;
  await send("1", "7");
  const done = jobSchema.parse(JSON.parse((await transcript([...apply, "--json"], world)).out.join("")));
  const job = { ...done, ...over };
  await kafka.produce([
    { topic: "freshet.jobs.blue", key: encoder.encode("job/id-1"), value: encoder.encode(JSON.stringify(job)), headers: [] },
  ]);
  return job;
}

/** A store of which the first busts are done and later ones fail, as at a disk that is full. */
function failingAfter(made: ReplayWorld, calls: number): World {
  const { store } = made.world;
  if (store === undefined) throw new Error("no store");
  let left = calls;
  const bust: typeof store.bust = async (busts) => {
    if (left-- <= 0) throw new FreshetError("FR2003", "halt", "no memory", "Make room.");
    return await store.bust(busts);
  };
  return { ...made.world, store: { ...store, bust } };
}

describe("the audit trail of replays", () => {
  test("counts what went before a failure", async () => {
    const made = await createReplayWorld();
    for (let at = 0; at < 300; at++) await made.send("1", "7");
    const { code, talk } = await transcript(apply, failingAfter(made, 1));
    expect([code, talk.join("\n")]).toEqual([1, expect.stringContaining("freshet replay resume id-1")]);
    expect(auditOf(made)).toMatchObject([
      { outcome: "started", counts: {} },
      { outcome: "failed", error: "FR2003", counts: { records: 200, removed: 2 } },
    ]);
  });

  test("of an abort counts nothing: the runs of the job have counted", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    expect((await transcript(["replay", "abort", "id-1"], made.world)).code).toBe(0);
    expect(auditOf(made).slice(2)).toMatchObject([
      { action: "replay abort", outcome: "started" },
      { action: "replay abort", outcome: "done", counts: {} },
    ]);
    expect(auditOf(made).at(-1).counts).toEqual({});
  });

  test.each(["done", "aborted"] as const)("says nothing of an abort that is refused, as the job is %s: 2", async (status) => {
    const made = await createReplayWorld();
    await jobThat(made, { status });
    const before = auditOf(made).length;
    expect((await transcript(["replay", "abort", "id-1"], made.world)).code).toBe(2);
    expect(auditOf(made)).toHaveLength(before);
  });
});

describe("freshet replay: the question for the deployment's name", () => {
  const argv = [...apply, "--confirm-above", "1"];

  test("Ctrl-C: 130, and nothing is changed", async () => {
    const { send, world, store } = await createReplayWorld();
    await send("1", "7");
    const stop = new AbortController();
    const { code } = await transcript(argv, { ...world, stop: stop.signal, onAsk: () => stop.abort() });
    expect(code).toBe(130);
    expect(await store.seed.has("product:1")).toBe(true);
  });

  test("Ctrl-D: 4, and says that nothing was typed", async () => {
    const { send, world } = await createReplayWorld();
    await send("1", "7");
    const { code, talk } = await transcript(argv, { ...world, answers: [""] });
    expect([code, talk[0]]).toEqual([4, "FR1005 nothing was typed; nothing was changed"]);
  });
});

describe("what replays print", () => {
  test("fits into 80 columns", async () => {
    const made = await createReplayWorld();
    const failing = { rule_error: 100, version_invalid: 200, undecodable: 300, unmappable: 400 };
    const job = await jobThat(made, { because: "the wrong file was deployed ".repeat(5).trim(), runs: 2 });
    const counts = { ...job.counts, failing, exact: false, inexactBecause: ["many_keys", "two_runs", "slice_run_again"] as const };
    await jobThat(made, { ...job, counts: { ...counts, inexactBecause: [...counts.inexactBecause] } });
    const one = await transcript(["replay", "status", "id-1"], made.world);
    const all = await transcript(["replay", "status"], made.world);
    expect([...one.out, ...all.out].filter((line) => line.length > 80)).toEqual([]);
    expect(one.out.join("\n")).toContain("unmappable 400");
    expect(one.out.join(" ").replace(/ +/g, " ")).toContain("two runs: keys that both touched count twice");
  });

  test("names foreign letters where they alone make the exit code", async () => {
    const { fail, world } = await createReplayWorld();
    await fail("1", "7", { topic: "other.topic" });
    const { code, talk, out } = await transcript(dlq, world);
    expect([code, talk.at(-1)]).toEqual([3, "exit code 3: 1 foreign"]);
    expect(out).toContain("           foreign                  1   topic not declared, or place not known");
  });
});

describe("freshet replay --apply without Freshet's own topics", () => {
  test("ends before it plans: 2", async () => {
    const { world } = await createReplayWorld();
    const { kafka } = world;
    if (kafka === undefined) throw new Error("no broker");
    const bare: typeof kafka = {
      ...kafka,
      describeTopics: async () => [],
      read: () => Promise.reject(new Error("it planned")),
    };
    const { code, talk } = await transcript(apply, { ...world, kafka: bare });
    expect([code, talk[0]]).toEqual([2, "FR3002 there is no topic freshet.jobs.blue, and no freshet.audit.blue"]);
  });
});

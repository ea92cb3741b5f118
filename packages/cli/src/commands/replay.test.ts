import type { KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { jobSchema, replayPlanSchema } from "@freshet/replay";
import { describe, expect, test } from "@jest/globals";
import { createReplayWorld } from "../../tests/replay-world.js";
import { transcript, type World } from "../../tests/transcript.js";

const history = ["replay", "history", "--topic", "shop.products", "--from", "2h", "--to", "0s"];
const dlq = ["replay", "dlq", "--rules", "corrected.yaml"];

describe("freshet replay: the plan", () => {
  test("of history, told whole and always the same", async () => {
    const { send, world } = await createReplayWorld();
    await send("1", "7");
    await send("2", "4");
    await send("3", "1", {});
    const first = await transcript([...history, "--rules", "corrected.yaml"], world);
    expect(first).toEqual(await transcript([...history, "--rules", "corrected.yaml"], world));
    expect(first.talk).toEqual(["nothing was changed: add --apply to do it", "exit code 3: 1 would still fail"]);
    expect(first.code).toBe(3);
    expect(first.out.map((line) => line.replace(/[0-9a-f]{12}/g, "HASH"))).toEqual([
      "plan     history of shop.products; nothing is changed",
      "chosen   from 2025-12-31T22:00:00.000Z",
      "         to 2026-01-01T00:00:00.000Z",
      "records  3 chosen",
      "         2025-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z",
      "           a rule busts             2",
      "           no rule                  0",
      "           still failing            1   rule_error 1",
      "keys     4 touched",
      "           would remove             2   older 1, opaque 1",
      "           already newer            1",
      "           nothing cached           1",
      "           page: 2 touched, 1 to remove, 0 newer, 1 not cached",
      "           product: 2 touched, 1 to remove, 1 newer, 0 not cached",
      "rules    HASH in place of HASH, which run now",
      "         the running rules would remove 0 of 0 keys",
      "         1 record ends the same",
      "                2  failing: rule_error -> busts",
      "time     about 1 s at 2000 records/s and 4000 busts/s",
    ]);
    expect(first.out.filter((line) => line.length > 80)).toEqual([]);
  });

  test("of dead letters, with force", async () => {
    const { fail, world } = await createReplayWorld();
    await fail("1", "1");
    const { out, code } = await transcript([...dlq, "--force", "--where", 'subject == "1"', "--limit", "5"], world);
    expect(code).toBe(0);
    expect(out.slice(0, 5)).toEqual([
      "plan     dead letters of freshet.dlq.blue; nothing is changed",
      'chosen   where subject == "1"',
      "force    versions are ignored: what is cached goes, however new it is, and loads",
      "         under way may not fill for a while; floors that stand are not lowered",
      "records  1 chosen",
    ]);
    expect(out).toContain("           would remove             2   blind 1, opaque 1");
  });

  test("of dead letters, told whole", async () => {
    const { fail, world } = await createReplayWorld();
    await fail("1", "7");
    await fail("2", "4", { data: {} });
    await fail("3", "7", { topic: "other.topic" });
    await fail("4", "7");
    const { code, out, talk } = await transcript([...dlq, "--newest-first", "--limit", "3", "--rate", "10", "--bust-rate", "max"], world);
    expect({ code, talk }).toEqual({
      code: 3,
      talk: ["nothing was changed: add --apply to do it", "exit code 3: 1 would still fail, 1 foreign"],
    });
    expect(out.map((line) => line.replace(/[0-9a-f]{12}/g, "HASH"))).toEqual([
      "plan     dead letters of freshet.dlq.blue; nothing is changed",
      "limit    reached: there may be more records than these",
      "records  3 chosen",
      "         2025-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z",
      "           a rule busts             1",
      "           no rule                  0",
      "           still failing            1   rule_error 1",
      "           foreign                  1   topic not declared, or place not known",
      "keys     2 touched",
      "           would remove             2   older 1, opaque 1",
      "           already newer            0",
      "           nothing cached           0",
      "           page: 1 touched, 1 to remove, 0 newer, 0 not cached",
      "           product: 1 touched, 1 to remove, 0 newer, 0 not cached",
      "rules    HASH in place of HASH, which run now",
      "         the running rules would remove 0 of 0 keys",
      "         1 record ends the same",
      "                1  failing: rule_error -> busts",
      "time     about 1 s at 10 records/s",
    ]);
  });

  test("of history, with what an open transaction holds back", async () => {
    const { log, send, world } = await createReplayWorld();
    await send("1", "7");
    const [{ partition = 0 } = {}] = log.records("shop.products");
    log.openTransaction({ topic: "shop.products", partition });
    await send("1", "8");
    await send("1", "9");
    const { out } = await transcript(history, world);
    expect(out.slice(3, 7)).toEqual([
      `not read 2 offsets that open transactions hold back (${partition}/1-2); plan again once the`,
      "         transactions have ended to see them",
      "records  1 chosen",
      "         2025-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z",
    ]);
    const json = await transcript([...history, "--json"], world);
    expect(replayPlanSchema.parse(JSON.parse(json.out.join(""))).heldBack.offsets).toBe(2);
  });

  test.each([
    ["have findings", "freshet: 1\n", "the rules file has "],
    ["are not there", undefined, "rules.yaml: there is no such file"],
  ])("goes on without a comparison where the rules that run %s", async (_what, text, why) => {
    const { fail, world } = await createReplayWorld();
    await fail("1", "7");
    const { "rules.yaml": _running, ...others } = world.files ?? {};
    const files = text === undefined ? others : { ...others, "rules.yaml": text };
    const { code, out, talk } = await transcript([...dlq, "--json"], { ...world, files });
    expect([code, JSON.parse(out.join(""))]).toMatchObject([0, { comparison: null, counts: { keys: { removed: 2 } } }]);
    expect(talk[0]).toMatch(new RegExp(`^going on without a comparison with the rules that run: ${why}`));
  });

  test("as JSON is what the schema says", async () => {
    const { fail, world } = await createReplayWorld();
    await fail("1", "7");
    const { out, code } = await transcript([...dlq, "--json"], world);
    const plan = JSON.parse(out.join("\n"));
    expect({ code, plan: replayPlanSchema.parse(plan) }).toEqual({ code: 0, plan });
    expect(plan).toMatchObject({ v: 1, deployment: "blue", confirm: false, counts: { keys: { removed: 2 } } });
  });
});

describe("freshet replay --apply", () => {
  test("does what the plan says, marks the letters, and leaves an audit trail", async () => {
    const { fail, world, store, log } = await createReplayWorld();
    await fail("1", "7");
    const { out, talk, code } = await transcript([...dlq, "--apply", "--because", "INC-42"], world);
    expect({ code, talk }).toEqual({ code: 0, talk: ["replay id-1 runs; Ctrl-C stops it, and it can be resumed"] });
    expect(out.slice(out.indexOf("job      id-1 done: dead letters of freshet.dlq.blue"))).toEqual([
      "job      id-1 done: dead letters of freshet.dlq.blue",
      "by       ada on ops-1: INC-42",
      "began    2026-01-01T00:00:00.000Z, ended 2026-01-01T00:00:00.000Z",
      "read     100 % of the offsets, in 1 run",
      "records  1 chosen",
      "         2025-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z",
      "           a rule busts             1",
      "           no rule                  0",
      "           still failing            0",
      "keys     2 touched",
      "           removed                  2   older 1, opaque 1",
      "           already newer            0",
      "           nothing cached           0",
      "           page: 1 touched, 1 removed, 0 newer, 0 not cached",
      "           product: 1 touched, 1 removed, 0 newer, 0 not cached",
    ]);
    expect(await store.seed.has("product:1")).toBe(false);
    const audit = log.records("freshet.audit.blue").map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()));
    expect(audit).toMatchObject([
      { action: "replay dlq", outcome: "started", reason: "INC-42", target: { job: "id-1", topic: "freshet.dlq.blue" } },
      { action: "replay dlq", outcome: "done", counts: { records: 1, removed: 2, failing: 0 } },
    ]);
    const again = await transcript([...dlq, "--json"], world);
    expect(JSON.parse(again.out.join(""))).toMatchObject({ counts: { records: { chosen: 0 }, passed: 1 } });
  });

  test("prints the job as JSON, and shows it by status", async () => {
    const { send, world } = await createReplayWorld();
    await send("1", "7");
    const argv = [...history, "--rules", "corrected.yaml", "--apply"];
    const done = JSON.parse((await transcript([...argv, "--json"], world)).out.join(""));
    expect(jobSchema.parse(done)).toEqual(done);
    expect(done).toMatchObject({ id: "id-1", status: "done", counts: { keys: { removed: 2 } } });
    const shown = await transcript(["replay", "status", "id-1", "--json"], world);
    expect(JSON.parse(shown.out.join(""))).toEqual(done);
    const list = await transcript(["replay", "status"], world);
    expect(list.out).toEqual(["id-1     done    100 %  2026-01-01T00:00Z ada", "         shop.products: 1 records, 2 removed"]);
    const listed = await transcript(["replay", "status", "--json"], world);
    expect(listed.out.map((line) => jobSchema.parse(JSON.parse(line)))).toEqual([done]);
  });

  test("asks for the deployment's name above so many keys; nobody there: 4", async () => {
    const { send, world, store } = await createReplayWorld();
    await send("1", "7");
    const argv = [...history, "--rules", "corrected.yaml", "--apply", "--confirm-above", "1"];
    const alone = await transcript(argv, world);
    expect(alone.code).toBe(4);
    expect(alone.talk[0]).toBe(
      "FR1005 this replay touches 2 keys and tags, more than 1, and nobody is at a terminal to confirm it; nothing was changed",
    );
    expect((await transcript(argv, { ...world, answers: ["green"] })).code).toBe(4);
    expect(await store.seed.has("product:1")).toBe(true);
    expect((await transcript(argv, { ...world, answers: ["blue"] })).code).toBe(0);
    expect(await store.seed.has("product:1")).toBe(false);
    expect((await transcript([...argv, "--yes"], world)).code).toBe(0);
  });

  test("in observe mode, without topics, or without an audit trail, nothing is done", async () => {
    const { send, world, store } = await createReplayWorld();
    await send("1", "7");
    const argv = [...history, "--rules", "corrected.yaml", "--apply"];
    expect((await transcript(argv, { ...world, env: { ...world.env, FRESHET_MODE: "observe" } })).code).toBe(4);
    const without = (topic: string): World => {
      const { kafka } = world;
      if (kafka === undefined) throw new Error("no broker");
      const describeTopics: KafkaPort["describeTopics"] = async (topics) =>
        (await kafka.describeTopics(topics)).filter((found) => found.topic !== topic);
      return { ...world, kafka: { ...kafka, describeTopics } };
    };
    for (const topic of ["freshet.jobs.blue", "freshet.audit.blue"]) {
      const { code, talk } = await transcript(argv, without(topic));
      expect([code, talk.join("\n")]).toEqual([2, expect.stringContaining(topic)]);
    }
    expect(await store.seed.has("product:1")).toBe(true);
  });
});

describe("freshet replay --where with a typo", () => {
  /** Four letters: one that a replay has resolved, one without an event, and two of which none has the field. */
  async function createWorld() {
    const { fail, world } = await createReplayWorld();
    await fail("1", "7");
    expect((await transcript([...dlq, "--apply"], world)).code).toBe(0);
    await fail("2", "no version");
    await fail("3", "7");
    await fail("4", "7");
    return world;
  }
  const typo = [...dlq, "--where", "data.pgae"];
  const why = [
    "records  0 chosen, 4 others read and not chosen",
    "         1 of the others resolved before",
    "         --where had no answer for 3: 1 without an event, 2 not evaluated",
    "           a rule busts             0",
  ];
  const passedBecause = { unwanted: 0, resolved: 1, noEvent: 1, notEvaluated: 2 };

  test("is told by the plan, like dlq list tells it", async () => {
    const world = await createWorld();
    const { out, code } = await transcript(typo, world);
    expect({ code, out: out.slice(2, 6) }).toEqual({ code: 0, out: why });
    const list = await transcript(["dlq", "list", "--where", "data.pgae"], world);
    expect(list.out).toContain("  --where had no answer for 4: 1 without an event, 3 not evaluated"); // it asks about resolved ones, too
    const json = JSON.parse((await transcript([...typo, "--json"], world)).out.join(""));
    expect(replayPlanSchema.parse(json)).toEqual(json);
    expect(json).toMatchObject({ counts: { passed: 4, passedBecause }, comparison: { counts: { passedBecause } } });
  });

  test("is told by the job, as it ends and later", async () => {
    const world = await createWorld();
    const { out, talk } = await transcript([...typo, "--apply"], world);
    expect(out.filter((line) => why.includes(line))).toEqual([...why, ...why]); // the plan, and what was done
    const id = /^replay (\S+) runs/.exec(talk[0] ?? "")?.[1] ?? "";
    expect((await transcript(["replay", "status", id], world)).out).toEqual(expect.arrayContaining(why));
    const json = JSON.parse((await transcript(["replay", "status", id, "--json"], world)).out.join(""));
    expect(jobSchema.parse(json)).toEqual(json);
    expect(json).toMatchObject({ counts: { passed: 4, passedBecause }, planned: { passedBecause } });
  });

  test("says nothing more where every record has an answer", async () => {
    const { send, world } = await createReplayWorld();
    await send("1", "7");
    await send("2", "7");
    const { out } = await transcript([...history, "--rules", "corrected.yaml", "--where", 'subject == "1"'], world);
    expect(out.slice(3, 6)).toEqual([
      '         where subject == "1"',
      "records  1 chosen, 1 others read and not chosen",
      "         2025-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z",
    ]);
  });
});

describe("freshet replay: the help", () => {
  const common = [
    "  --where <cel>           of those, whose event this holds for",
    "  --rules <file>          a corrected rules file, compared with the one that",
    "                          runs",
    "  --limit <records>       at most so many records",
    "  --rate <records>        records a second, or max; default: 2000",
    "  --bust-rate <busts>     busts a second, or max; default: 4000",
    "  --force                 ignore versions: bust what is newer, too",
    "  --apply                 do it, as a job that can be stopped and resumed",
    "  --because <text>        why, for the audit trail",
    "  --confirm-above <keys>  ask for more keys than these; default: 100000",
    "  --yes                   do not ask",
    "  --json                  one JSON object",
    "  -h, --help              show this help",
  ];

  test("of dead letters", async () => {
    const { out } = await transcript(["replay", "dlq", "--help"]);
    const options = [
      "  --since <time>          written then or later: 24h (ago), 2026-11-21T03:00Z",
      "  --until <time>          written before",
      "  --reason <reason>       those that failed for it, e.g. rule_error",
      "  --rule <name>           those that failed in this rule",
      "  --resolved              also those that a replay has resolved before",
      "  --newest-first          the newest 50000 offsets of a partition first, in",
      "                          their order; --limit takes the first of them",
      ...common,
    ];
    expect(out.slice(out.indexOf("Options:") + 1, -2)).toEqual(options);
  });

  test("of history", async () => {
    const { out } = await transcript(["replay", "history", "--help"]);
    const options = [
      "  --topic <topic>         a topic of the rules file",
      "  --from <time>           written then or later: 3h (ago), 2026-11-21T03:00Z",
      "  --to <time>             written before; 0s is now",
      "  --reason <text>         the same as --because",
      ...common,
    ];
    expect(out.slice(out.indexOf("Options:") + 1, -2)).toEqual(options);
  });
});

describe("freshet replay: without the rights", () => {
  const refused = () => Promise.reject(new FreshetError("FR3006", "halt", "the broker refused: GROUP_AUTHORIZATION_FAILED", "Grant it."));

  test.each([
    ["history", history, "topic shop.products, and Read, Describe and Delete on group freshet-replay-blue-id-1-plan"],
    [
      "dlq",
      ["replay", "dlq", "--resolved"],
      "topic freshet.dlq.blue, and Read, Describe and Delete on group freshet-replay-blue-id-1-plan",
    ],
    ["status", ["replay", "status"], "topic freshet.jobs.blue, and Read, Describe and Delete on group freshet-replay-blue-status-id-1"],
  ])("%s names those that are missing: 1", async (_name, argv, needed) => {
    const { world, send, fail, kafka } = await createReplayWorld();
    await send("1", "7");
    await fail("1", "7");
    await kafka.produce([{ topic: "freshet.jobs.blue", key: new TextEncoder().encode("job/x"), value: null, headers: [] }]);
    const { code, talk } = await transcript(argv, { ...world, kafka: { ...kafka, read: refused } });
    expect({ code, fix: talk.at(-1) }).toEqual({ code: 1, fix: `  fix: Grant the client's user Read on ${needed}.` });
  });
});

describe("freshet replay: wrong usage", () => {
  const wrongs: readonly (readonly [argv: readonly string[], cause: string | RegExp])[] = [
    [["replay", "history", "--topic", "shop.products", "--from", "2h"], "FR1001 required option '--to <time>' not specified"],
    [["replay", "history", "--topic", "shop.products", "--from", "1h", "--to", "2h"], "FR1001 --from is not before --to"],
    [["replay", "history", "--topic", "other", "--from", "2h", "--to", "0s"], "FR1001 the rules file has no source of the topic other"],
    [[...dlq, "--since", "1h", "--until", "2h"], "FR1001 --since is not before --until"],
    [[...dlq, "--reason", "INC-42"], "FR1001 --reason chooses dead letters, and this is no reason they have"],
    [[...dlq, "--rate", "fast"], "FR1001 --rate is not a number it can take"],
    [[...dlq, "--where", "data.price >"], /^FR1001 --where, at character 13: /],
    [["replay", "status", "nope"], "FR1001 there is no replay job nope"],
    [["replay", "resume", "nope"], "FR1001 there is no replay job nope"],
    [["replay", "abort", "nope"], "FR1001 there is no replay job nope"],
  ];
  test.each(wrongs)("%j: 2", async (argv, cause) => {
    const { world } = await createReplayWorld();
    const { code, out, talk } = await transcript(argv, world);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(talk[0]).toEqual(typeof cause === "string" ? cause : expect.stringMatching(cause));
    expect(talk[1]).toMatch(/^ {2}fix: /);
  });
});

import { beforeEach, describe, expect, test } from "@jest/globals";
import { createWorld, RULES, type World } from "../../tests/explain-world.js";
import { resolvedRecord } from "../jobs/job-records.js";

/** The rule that `world` runs refuses an event without a price; the corrected one takes it. */
const CORRECTED = RULES.replace("data.price > 5", "!has(data.price) || data.price > 5");

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.kafka.createTopics([{ topic: "freshet.jobs.test", partitions: 1, replicationFactor: 1, config: {} }]);
  await world.send({ subject: "42", version: "8", data: {} });
  await world.serve();
});

/** As a job writes it down when the letter has come to its end. */
async function resolve(outcome: string): Promise<void> {
  const [letter] = await lettersAt();
  if (letter === undefined) throw new Error("there is no dead letter");
  const mark = { id: "0-0", jobId: "j", at: "2026-01-01T00:00:00.000Z", by: { user: "u", host: "h" }, outcome, writtenAtMs: letter };
  await world.kafka.produce([resolvedRecord("test", mark)]);
}

async function lettersAt(): Promise<number[]> {
  const times: number[] = [];
  const onBatch = async ({ records }: { readonly records: Iterable<{ readonly timestampMs: number }> }) => {
    for (const { timestampMs } of records) times.push(timestampMs);
  };
  const ranges = [{ topic: "freshet.dlq.test", partition: 0, from: 0, to: 1 }];
  await world.kafka.read({ group: "g", ranges, onBatch, stop: new AbortController().signal });
  return times;
}

async function told(rulesText: string, key = "old:42", family = "old") {
  const { rules } = await createWorld(rulesText);
  const { explanation } = await world.explain(key, family, { rules });
  return { text: explanation.answer.text, event: explanation.events?.list[0] };
}

const PUT_BACK = "stale because an older value was written after shop.products 0/0 (catalog.product/42 version 8) had busted it";
const REMOVED = "absent because shop.products 0/0 (catalog.product/42 version 8) removed it, or nothing was there";
const seed = (version: string) => world.store.seed.putJson("old:42", { text: `{"version":"${version}"}` });

describe.each(["applied", "covered"])("an event whose dead letter a replay has %s", (outcome) => {
  test("makes what was put back afterwards stale, under the rules it was replayed with and under those that refuse it", async () => {
    await resolve(outcome);
    await seed("7");
    for (const rules of [CORRECTED, RULES]) expect((await told(rules)).text).toBe(PUT_BACK);
    expect((await told(CORRECTED)).event).toMatchObject({
      verdict: "removed",
      because: "an older value was written afterwards; it was a dead letter, resolved since",
      letter: { id: "0-0", resolved: true },
    });
    expect((await told(RULES)).event).toMatchObject({ verdict: "dead-lettered", letter: { resolved: true } });
  });

  test("is why there is nothing", async () => {
    await resolve(outcome);
    for (const rules of [CORRECTED, RULES]) expect((await told(rules)).text).toBe(REMOVED);
  });

  test("leaves what covers it fresh", async () => {
    await resolve(outcome);
    await seed("8");
    for (const rules of [CORRECTED, RULES]) expect((await told(rules)).text).toMatch(/^fresh/);
    expect((await told(CORRECTED)).event?.verdict).toBe("covered");
  });
});

test.each(["no_match", "ignored"])("an event of which a replay made %s busts nothing", async (outcome) => {
  await resolve(outcome);
  expect((await told(RULES)).text).toMatch(/^absent because nothing filled it/);
  await seed("7");
  expect((await told(RULES)).text).toMatch(/^fresh/);
});

test("an event whose dead letter is open still is what makes it stale", async () => {
  await seed("7");
  expect((await told(CORRECTED)).text).toMatch(/^stale because .* was dead-lettered: rule_error/);
});

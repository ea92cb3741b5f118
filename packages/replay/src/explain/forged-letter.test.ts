import { deadLetter } from "@freshet/pipeline";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { createWorld, type World } from "../../tests/explain-world.js";
import { explanationSchema } from "./explanation.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const context = { topic: "freshet.dlq.test", group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
const rejection = { reason: "rule_error", message: "it is", fix: "Mend it", rule: "product-changed" } as const;

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.fill("product:42", "product");
  await world.send({ subject: "42", version: "8" });
});

async function told() {
  const { explanation } = await world.explain("product:42", "product");
  expect(explanationSchema.parse(explanation)).toEqual(explanation);
  const event = explanation.events?.list.at(-1);
  return { answer: explanation.answer.text, event };
}

/** A dead letter of the record at 0/0, as the service would have written it, but for what is said. */
async function forge(over: { key?: Uint8Array | null; value?: Uint8Array | null; lastOffset?: number }): Promise<void> {
  const [record] = world.log.records("shop.products");
  if (record === undefined) throw new Error("there is no record");
  const { lastOffset, ...parts } = over;
  const marker = lastOffset === undefined ? {} : { undecodable: { firstOffset: 0, lastOffset, problem: "codec" } };
  await world.kafka.produce([deadLetter({ ...record, ...parts, ...marker }, rejection, context)]);
}

describe("a dead letter that names the place of a record", () => {
  test.each([
    ["value", { value: bytes("{}") }],
    ["value, none", { value: null }],
    ["key", { key: bytes("43") }],
    ["key, none", { key: null }],
  ])("and holds another %s is not believed", async (_what, over) => {
    await world.serve();
    await forge(over);
    const { answer, event } = await told();
    expect(event).toMatchObject({ verdict: "removed", letter: null, disbelieved: "0-0" });
    expect(event?.because).toMatch(/; dead letter 0-0 claims this place but holds another record: not believed$/);
    expect(answer).not.toContain("dead-lettered");
  });

  test("and holds another does not hide that the record is not yet consumed", async () => {
    await forge({ value: bytes("{}") });
    expect((await told()).answer).toBe("stale because shop.products 0/0 (catalog.product/42 version 8) is not yet consumed");
  });

  test("and holds the very record is believed, whatever was claimed before and after", async () => {
    await world.serve();
    await forge({ value: bytes("{}") });
    await forge({});
    await forge({ key: bytes("x") });
    await forge({ lastOffset: 3, key: null, value: null });
    const { event } = await told();
    expect(event).toMatchObject({ verdict: "dead-lettered", letter: { id: "0-1", checked: true }, disbelieved: "0-2" });
  });

  test("and says that its batch could not be decoded is believed with a reservation, in the answer too", async () => {
    await world.send({ subject: "42", version: "9" });
    await forge({ lastOffset: 1, key: null, value: null });
    await world.serve();
    await world.store.seed.putManaged("product:42", { value: "v", deps: new Map() });
    const { answer, event } = await told();
    expect(event).toMatchObject({ verdict: "dead-lettered", letter: { id: "0-0", checked: false }, disbelieved: null });
    expect(event?.because).toMatch(/; dead letter 0-0 is of a whole batch: whether this record was in it cannot be checked$/);
    expect(answer).toMatch(/^stale because shop.products 0\/0 .* was dead-lettered: .* cannot be checked$/);
  });

  test("and holds another, under headers of somebody else, is not believed either", async () => {
    await world.serve();
    const place = { topic: "shop.products", partition: "0", offset: "0" };
    const headers = Object.entries(place).map(([name, text]) => ({ name: `__connect.errors.${name}`, value: bytes(text) }));
    await world.kafka.produce([{ topic: context.topic, key: bytes("42"), value: bytes("x"), headers }]);
    expect((await told()).event).toMatchObject({ verdict: "removed", letter: null, disbelieved: "0-0" });
  });
});

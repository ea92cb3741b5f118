import { expect, test } from "@jest/globals";
import { createWorld } from "../../tests/explain-world.js";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a mark of the letter that lay at its place, before the dead-letter topic was made anew, resolves no dead letter", async () => {
  const world = await createWorld();
  await world.kafka.createTopics([{ topic: "freshet.jobs.test", partitions: 1, replicationFactor: 1, config: {} }]);
  const mark = (text: string) =>
    world.kafka.produce([{ topic: "freshet.jobs.test", key: bytes("resolved/0-0"), value: bytes(text), headers: [] }]);
  const letter = async () => (await world.explain("product:42", "product")).explanation.events?.list[0]?.letter;
  await mark('{"jobId":"j"}'); // of a release that did not say when the letter was written
  world.advance(1000);
  await world.send({ subject: "42", version: "8", data: {} });
  await world.serve();
  expect(await letter()).toMatchObject({ id: "0-0", resolved: false });
  await mark('{"jobId":"j","writtenAtMs":12345}');
  expect(await letter()).toMatchObject({ id: "0-0", resolved: false });
  await mark('{"jobId":"j"}');
  expect(await letter()).toMatchObject({ id: "0-0", resolved: true });
});

import { afterEach, expect, test } from "@jest/globals";
import { freshPrefix, freshTopic, testKafkaBroker, testRedisUrl } from "./index.js";

const names = ["FRESHET_TEST_KAFKA", "FRESHET_TEST_REDIS"] as const;
const before = names.map((name) => [name, process.env[name]] as const);

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test("the addresses are what the run says", () => {
  process.env.FRESHET_TEST_KAFKA = "broker:1";
  process.env.FRESHET_TEST_REDIS = "redis://store:2";
  expect([testKafkaBroker(), testRedisUrl()]).toEqual(["broker:1", "redis://store:2"]);
});

test("without them the error names the variable and both ways out", () => {
  for (const name of names) process.env[name] = "";
  expect(testKafkaBroker).toThrow(
    expect.objectContaining({ disposition: "usage", fix: expect.stringMatching(/npm test.*FRESHET_TEST_KAFKA/) }),
  );
  expect(testRedisUrl).toThrow(expect.objectContaining({ message: expect.stringContaining("FRESHET_TEST_REDIS") }));
});

test("fresh names differ, and are good for a topic", () => {
  const made = Array.from({ length: 1000 }, () => [freshPrefix(), freshTopic("orders")]).flat();
  expect(new Set(made).size).toBe(made.length);
  expect(made.every((name) => /^(test|orders)-[0-9a-f]{10}$/.test(name))).toBe(true);
});

import { expect, test } from "@jest/globals";
import { until } from "./index.js";

test("waits until the condition holds", async () => {
  let looks = 0;
  await until(async () => ++looks === 3, { pollMs: 1 });
  expect(looks).toBe(3);
});

test("says what it waited for, and for how long", async () => {
  await expect(until(() => false, { timeoutMs: 5, what: "the moon", pollMs: 1 })).rejects.toThrow("waited 5 ms in vain for: the moon");
});

test("tells the condition's own text where nobody named it", async () => {
  const holds = false;
  await expect(until(() => holds, { timeoutMs: 5, pollMs: 1 })).rejects.toThrow("holds");
});

test("a condition that throws ends the wait", async () => {
  const condition = () => {
    throw new Error("it is gone");
  };
  await expect(until(condition)).rejects.toThrow("it is gone");
});

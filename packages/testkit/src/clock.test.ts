import { expect, test } from "@jest/globals";
import { createClock } from "./index.js";

test("stands still until it is told to go on", async () => {
  const clock = createClock(1000);
  expect(clock.nowMs()).toBe(1000);
  await clock.advance(250);
  expect(clock.nowMs()).toBe(1250);
});

test("wakes sleepers in order, each at its time, those who lie down again too", async () => {
  const clock = createClock(0);
  const seen: string[] = [];
  const sleeper = async (name: string, ...naps: number[]) => {
    for (const nap of naps) {
      await clock.sleep(nap);
      seen.push(`${name} ${clock.nowMs()}`);
    }
  };
  const sleeping = [sleeper("a", 10, 10), sleeper("b", 15), sleeper("c", 100)];
  await clock.advance(50);
  expect(seen).toEqual(["a 10", "b 15", "a 20"]);
  expect(clock.nowMs()).toBe(50);
  await clock.advance(50);
  await Promise.all(sleeping);
  expect(seen.at(-1)).toBe("c 100");
});

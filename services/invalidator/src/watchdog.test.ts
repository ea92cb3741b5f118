import type { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createWatchdog } from "./watchdog.js";

function setUp() {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const world = { work: true, silent: false };
  const stalls: FreshetError[] = [];
  const watchdog = createWatchdog({
    clock,
    hasWork: () => world.work,
    isSilent: () => world.silent,
    onStall: (error) => void stalls.push(error),
  });
  const pass = (seconds: number, each: () => void = () => undefined): void => {
    for (let second = 0; second < seconds; second++) {
      clock.ms += 1000;
      each();
      watchdog.look();
    }
  };
  return { world, watchdog, stalls, pass };
}

describe("a consumer that looks alive", () => {
  test("and does nothing for a minute is told, once there is something to do", () => {
    const { world, stalls, pass } = setUp();
    world.work = false;
    pass(600);
    world.work = true;
    pass(59);
    expect(stalls).toEqual([]);
    pass(1);
    expect(stalls[0]).toMatchObject({ code: "FR3005", disposition: "halt" });
  });

  test("and moves now and then is left alone", () => {
    const { watchdog, stalls, pass } = setUp();
    pass(50);
    watchdog.moved();
    pass(59);
    expect(stalls).toEqual([]);
  });

  test("is not blamed for a Kafka that does not answer, nor right after it is back", () => {
    const { world, stalls, pass } = setUp();
    world.silent = true;
    pass(3600);
    world.silent = false;
    pass(59);
    expect(stalls).toEqual([]);
    pass(1);
    expect(stalls).toHaveLength(1);
  });
});

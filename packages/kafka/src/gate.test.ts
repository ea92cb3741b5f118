import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { createGate } from "./gate.js";
import type { TopicPartition } from "./port.js";

const at = (partition: number): TopicPartition => ({ topic: "t", partition });
const LONG_MS = 60_000;

/** A gate, and what it told its valve. */
function watched() {
  const told: string[] = [];
  const gate = createGate({
    pause: ({ partition }) => told.push(`pause ${partition}`),
    resume: ({ partition }) => told.push(`resume ${partition}`),
  });
  return { gate, told };
}

describe("a partition that was told to wait", () => {
  test("is paused, and resumed when its time is up", async () => {
    const { gate, told } = watched();
    gate.close(at(1), 5);
    expect([gate.isClosed(at(1)), gate.isClosed(at(2))]).toEqual([true, false]);
    await until(() => !gate.isClosed(at(1)));
    expect(told).toEqual(["pause 1", "resume 1"]);
  });

  test("is paused again at each join, for a crash forgets pauses, and all others are resumed, for a rebalance keeps them", () => {
    const { gate, told } = watched();
    gate.close(at(1), LONG_MS);
    told.length = 0;
    gate.reassign([at(0), at(1), at(2)]);
    expect(told).toEqual(["resume 0", "pause 1", "resume 2"]);
    gate.clear();
  });

  test("is forgotten when it is lost: when it comes back, it is resumed", () => {
    const { gate, told } = watched();
    gate.close(at(1), LONG_MS);
    gate.reassign([at(0)]);
    expect(gate.isClosed(at(1))).toBe(false);
    told.length = 0;
    gate.reassign([at(1)]);
    expect(told).toEqual(["resume 1"]);
  });

  test("waits from the last time it was told", async () => {
    const { gate, told } = watched();
    gate.close(at(1), 1);
    gate.close(at(1), LONG_MS);
    gate.close(at(2), 5);
    await until(() => told.includes("resume 2"));
    expect(gate.isClosed(at(1))).toBe(true);
    gate.clear();
    expect([gate.isClosed(at(1)), told.includes("resume 1")]).toEqual([false, false]);
  });
});

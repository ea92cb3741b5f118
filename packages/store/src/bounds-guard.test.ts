import { FreshetError } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { createBoundsGuard } from "./bounds-guard.js";
import type { PublishedBounds } from "./port.js";

const bounds = { leaseMs: 5000, lagMs: 2000, skewMs: 250, fillMs: 2000, floorMs: 7250, tagFloorMs: 9250 };
const shorter = { ...bounds, leaseMs: 4000, floorMs: 6250, tagFloorMs: 8250 };
const refused = { code: "FR1006", disposition: "usage" };

function guarded(answers: readonly (PublishedBounds | Error | null)[]) {
  let [nowMs, reads] = [0, 0];
  const readBounds = async () => {
    const answer = answers[Math.min(reads++, answers.length - 1)] ?? null;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const guard = createBoundsGuard({ store: { readBounds }, nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { ask: () => guard(bounds, "page"), reads: () => reads, pass };
}

test("bounds are read at the start and every minute, once for all who ask", async () => {
  const { ask, reads, pass } = guarded([bounds]);
  await Promise.all([ask(), ask(), ask()]);
  pass(59_999);
  await ask();
  expect(reads()).toBe(1);
  pass(1);
  await ask();
  expect(reads()).toBe(2);
});

test("who loads for longer than is published is refused, at the latest a minute after that was published", async () => {
  const { ask, pass } = guarded([bounds, shorter]);
  await ask();
  pass(60_000);
  await expect(ask()).rejects.toMatchObject({ ...refused, message: expect.stringContaining("leaseMs 5000 > 4000") });
});

test("a refusal is not kept: once the bounds are right, leases are taken again", async () => {
  const { ask, reads } = guarded([null, shorter, bounds]);
  await expect(ask()).rejects.toMatchObject(refused);
  await expect(ask()).rejects.toMatchObject(refused);
  await ask();
  expect(reads()).toBe(3);
});

test("what cannot be read is asked for again, and nothing is guessed meanwhile", async () => {
  const gone = new FreshetError("FR2001", "wait", "Redis is gone.", "Bring it back.");
  const { ask, pass } = guarded([bounds, gone, bounds]);
  await ask();
  pass(60_000);
  await expect(ask()).rejects.toBe(gone);
  await ask();
});

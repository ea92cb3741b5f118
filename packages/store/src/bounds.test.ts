import { describe, expect, test } from "@jest/globals";
import { decodeBounds, encodeBounds, requireWithin } from "./bounds.js";
import type { TimeBounds } from "./port.js";

const bounds: TimeBounds = { leaseMs: 5000, lagMs: 2000, skewMs: 250, fillMs: 2000, floorMs: 7250, tagFloorMs: 9250 };
const slow: TimeBounds = { ...bounds, leaseMs: 30_000, floorMs: 32_250, tagFloorMs: 34_250 };

test("what is published is what is read", () => {
  const published = { ...bounds, families: { report: slow } };
  expect(decodeBounds(encodeBounds(published))).toEqual(published);
  expect(decodeBounds(encodeBounds(bounds))).toEqual({ ...bounds, families: {} });
});

test.each(["", "{}", "null", "[]", "7", JSON.stringify({ ...bounds, leaseMs: "5000" }), JSON.stringify({ ...bounds, lagMs: -1 })])(
  "a text that is no bounds halts whoever takes leases: %#",
  (text) => {
    expect(() => decodeBounds(text)).toThrow(expect.objectContaining({ code: "FR2005", disposition: "halt" }));
  },
);

test.each(["floorMs", "tagFloorMs"] as const)("a %s that ends before a load may is not published, nor is that of a family", (name) => {
  const refused = expect.objectContaining({ code: "FR1006", disposition: "usage" });
  expect(() => encodeBounds({ ...bounds, [name]: bounds[name] - 1 })).toThrow(refused);
  expect(() => encodeBounds({ ...bounds, families: { report: { ...slow, [name]: slow[name] - 1 } } })).toThrow(refused);
});

const wrong = [
  ["an L of 0", { leaseMs: 0 }, /^leaseMs is 0\./],
  ["a negative L", { leaseMs: -5 }, /^leaseMs is -5\./],
  ["a fraction", { leaseMs: 1.5 }, /^leaseMs is 1\.5\./],
  ["no number", { lagMs: Number.NaN }, /^lagMs is NaN\./],
  ["a C of 0", { skewMs: 0 }, /^skewMs is 0\./],
  ["more than a hundred years", { fillMs: 3_153_600_000_001 }, /^fillMs is/],
] as const;

test.each(wrong)("%s is neither published nor taken a lease by, and its name is told", (_what, change, message) => {
  const refused = expect.objectContaining({ code: "FR1006", disposition: "usage", message: expect.stringMatching(message) });
  const long = { floorMs: 4_000_000_000_000, tagFloorMs: 4_000_000_000_000 };
  expect(() => encodeBounds({ ...bounds, ...change })).toThrow(refused);
  expect(() => encodeBounds({ ...bounds, families: { report: { ...slow, ...change } } })).toThrow(refused);
  expect(() => requireWithin({ ...bounds, ...change }, { ...bounds, ...long }, "product")).toThrow(refused);
});

test.each(["leaseMs", "skewMs", "floorMs", "tagFloorMs"] as const)("a text with a %s of 0 halts whoever takes leases", (name) => {
  expect(() => decodeBounds(JSON.stringify({ ...bounds, [name]: 0 }))).toThrow(expect.objectContaining({ code: "FR2005" }));
});

test("a damaged family is not guessed", () => {
  const text = JSON.stringify({ ...bounds, families: { report: { leaseMs: 1 } } });
  expect(() => decodeBounds(text)).toThrow(expect.objectContaining({ code: "FR2005" }));
});

describe("whoever takes leases keeps within the bounds", () => {
  test("equal and smaller ones are accepted", () => {
    expect(() => requireWithin(bounds, bounds, "product")).not.toThrow();
    expect(() => requireWithin({ ...bounds, leaseMs: 1 }, bounds, "product")).not.toThrow();
  });

  test.each(["leaseMs", "lagMs", "skewMs", "fillMs"] as const)("a larger %s is refused with both numbers", (name) => {
    const own = { ...bounds, [name]: bounds[name] + 1 };
    const message = expect.stringContaining(`${name} ${bounds[name] + 1} > ${bounds[name]}`);
    expect(() => requireWithin(own, bounds, "product")).toThrow(expect.objectContaining({ code: "FR1006", message }));
  });

  test("a family with bounds of its own goes by those", () => {
    const published = { ...bounds, families: { report: slow } };
    expect(() => requireWithin(slow, published, "report")).not.toThrow();
    expect(() => requireWithin(slow, published, "product")).toThrow(expect.objectContaining({ code: "FR1006" }));
  });

  test("floors that end before a load may are refused, whoever published them", () => {
    const short = { ...bounds, floorMs: 7249 };
    expect(() => requireWithin(bounds, short, "product")).toThrow(expect.objectContaining({ code: "FR1006" }));
    expect(() => requireWithin(bounds, { ...bounds, tagFloorMs: 9249 }, "product")).toThrow(expect.objectContaining({ code: "FR1006" }));
  });

  test("nobody has published any: nobody leaves floors here", () => {
    expect(() => requireWithin(bounds, null, "product")).toThrow(expect.objectContaining({ code: "FR1006" }));
  });
});

import { limits } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { event, oneRule } from "../tests/fixtures.js";
import { compile } from "./cel.js";
import { Scope } from "./scope.js";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const LEFT = 100_000;
const long = numbers(10_000);
const data = { a: long, b: long.map((at) => -at - 1), t: "x".repeat(100_000), m: Object.fromEntries(long.map((at) => [`m${at}`, at])) };

/** What an expression comes to with no more than `LEFT` steps to go. */
function outcome(text: string): unknown {
  const program = compile(text, { item: false });
  if ("problem" in program) throw new Error(program.problem);
  const scope = new Scope(event({ data }));
  scope.steps.spend(new Array((limits.stepsPerEventMax - LEFT) * 8));
  try {
    return program.evaluate(scope);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("what loops cost", () => {
  test.each([
    "data.a.exists(x, data.b.exists(y, y == x))",
    "[data.a].exists(l, l.exists(x, l.exists(y, y < 0)))",
    "cel.bind(l, data.a, l.exists(x, l.exists(y, y < 0)))",
    "data.a.all(x, !(x in data.b))",
    "data.a.map(x, data.a + data.a).size() > 5",
    "data.a.exists(x, data.t.contains(string(x)))",
    "data.a.exists(x, data.m.exists(k, false))",
    "data.a.exists(x, data.b.exists(y, y == x)) || true",
    "!data.a.exists(x, data.a.filter(y, y == x).size() > 1)",
    "data.a.all(x, size(data.m) > x)",
  ])("a loop within a loop ends soon: %s", (text) => {
    expect(outcome(text)).toBe(`its loops take more than ${limits.stepsPerEventMax} steps`);
  });

  test.each([
    ["data.a.filter(x, x > 3).size() > 2", true],
    ["data.a.map(x, x + 1).exists(x, x == 7)", true],
    ["data.a.exists(x, x in [-1, -2])", false],
    ["data.m.exists(k, k == 'm7')", true],
  ])("one loop over a long list is no trouble: %s", (text, value) => {
    expect(outcome(text)).toBe(value);
  });

  test("an event that takes too many is dead, and the next one pays for itself", () => {
    const rules = oneRule({ when: "data.a.exists(x, data.a.exists(y, y == x + 1000000))" });
    const kinds = [400, 3000, 400, 400].map((count) => rules.map(event({ data: { a: numbers(count) } })));
    expect(kinds.map((result) => (result.kind === "rejected" ? result.rejection.reason : "busts"))).toEqual([
      "busts",
      "rule_error",
      "busts",
      "busts",
    ]);
  });

  test("the parameters of a fan-out pay together", () => {
    const rules = oneRule({ forEach: "data.ids", id: "data.names.filter(n, n.id == item)[0].name" });
    const result = (count: number) => {
      const names = numbers(count).map((id) => ({ id, name: `n${id}` }));
      return rules.map(event({ data: { ids: numbers(count), names } }));
    };
    expect(result(2000)).toMatchObject({ kind: "rejected", rejection: { reason: "rule_error" } });
    expect(result(50)).toMatchObject({ kind: "busts" });
  });
});

test("a list too long for any expression is told so", () => {
  const rules = oneRule({ when: "data.a.exists(x, x == 2)" });
  const result = rules.map(event({ data: { a: new Array<number>(limits.listItemsMax + 1).fill(1) } }));
  const message = `rule one: \`when\` cannot be evaluated: a list has more than ${limits.listItemsMax} items`;
  expect(result).toMatchObject({ kind: "rejected", rejection: { reason: "rule_error", message } });
});

test("types that are long are not kept", () => {
  const rules = oneRule({});
  const mapAll = (from: number, to: number): void => {
    for (let at = from; at < to; at++) rules.map(event({ type: `${at}${"x".repeat(500_000)}`.replace("x", "y") }));
  };
  mapAll(0, 20);
  const before = process.memoryUsage().heapUsed;
  mapAll(20, 420);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000); // it was 200 MB
});

test("what the library keeps does not grow with the shapes of events", () => {
  const rules = oneRule({ when: "data.a == data.b && size(data.a) > 0" });
  const nested = (bits: number) => {
    let value: number | object = 1;
    for (let at = 0; at < 40; at++) value = (bits >> (at % 30)) & 1 ? [value] : { a: value };
    return value as object as [];
  };
  const mapAll = (from: number, to: number): void => {
    for (let bits = from; bits < to; bits++) rules.map(event({ data: { a: nested(bits * 7919), b: nested(bits * 104_729) } }));
  };
  mapAll(0, 100);
  const before = process.memoryUsage().heapUsed;
  mapAll(100, 2100);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000); // it was 340 MB
});

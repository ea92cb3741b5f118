import { describe, expect, test } from "@jest/globals";
import { event, oneRule } from "../tests/fixtures.js";

describe("why a rule does not match, in the words of the file", () => {
  test.each([
    ["op == 'delete'", "`op == 'delete'` is false"],
    ["data.a == 1 && data.b == 2", "`data.b == 2` is false"],
    ["data.a == 2 && data.b == 1 && nothing()".replace(" && nothing()", " && data.c == 3"), "`data.a == 2` is false"],
    ["has(data.x) && data.x > 5", "`has(data.x)` is false"],
    ["data.x > 5 && has(data.x)", "`has(data.x)` is false"],
    ["data.a == 1 && (data.b == 2 || data.b == 3)", "`data.b == 2 || data.b == 3` is false"],
    ["((data.a) + 1) == 3 && data.a == 1", "`data.a + 1 == 3` is false"],
    ["data.a == 2 || data.b == 2 || op == 'delete'", "none is true: `data.a == 2`, `data.b == 2`, `op == 'delete'`"],
    ["!(data.a == 1)", "`!(data.a == 1)` is false"],
  ])("%s", (when, because) => {
    expect(oneRule({ when }).explain(event({ data: { a: 1, b: 1, c: 1 } }))).toEqual([{ rule: "one", matched: false, because, busts: [] }]);
  });

  test("what failed, without values", () => {
    const [explained] = oneRule({ when: "data.secret > 5" }).explain(event({ data: { secret: "hunter2" } }));
    expect(explained?.because).toBe("rule_error: rule one: `when` cannot be evaluated: `data.secret > 5` does not work on these types");
  });

  test("source, type and op", () => {
    const rules = oneRule({});
    expect(rules.explain(event({ source: "orders" }))[0]?.because).toBe("source is products, the event came from orders");
    expect(rules.explain(event({ op: "truncate" }))[0]?.because).toBe(
      "ops are create, update, delete, snapshot, the event's op is truncate",
    );
  });

  test("the busts of a rule that matched", () => {
    const [explained] = oneRule({ when: "data.a == 1" }).explain(event({ data: { a: 1 } }));
    expect(explained).toMatchObject({ matched: true, because: "", busts: [{ key: "product:42" }] });
  });
});

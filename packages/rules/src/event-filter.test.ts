import type { DomainEvent } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { compileEventFilter } from "./event-filter.js";

const event: DomainEvent = {
  id: "1",
  space: "catalog.product",
  subject: "42",
  version: null,
  op: "update",
  type: "product.updated",
  source: "products",
  timeUs: null,
  time: "",
  tenant: "acme",
  data: { price: 1800, tags: ["a"] },
  previous: {},
  headers: { "x-tenant": "acme" },
  trace: null,
};

describe("a filter over decoded events", () => {
  test.each([
    ['type == "product.updated" && tenant == "acme"', "holds"],
    ["data.price > 2000", "does_not"],
    ["has(data.brand) && data.brand == 1", "does_not"],
    ["data.brand == 1", "failed"],
    ["data.price", "failed"],
    ['headers["x-tenant"] == "acme" && subject == "42"', "holds"],
  ])("%s: %s", (text, answer) => {
    const filter = compileEventFilter(text);
    if ("problem" in filter) throw new Error(filter.problem);
    expect(filter.ask(event)).toBe(answer);
  });

  test.each([
    ["data.price >", 12, /^the expression cannot be read/],
    ["subjct == 'x'", 0, /^`subjct` is not a variable$/],
    ["item == 1", 0, /^`item` is known inside a `forEach` only$/],
    ["size(subject)", 0, /^the expression gives int, not true or false$/],
  ])("%s is refused at %d", (text, offset, problem) => {
    expect(compileEventFilter(text)).toMatchObject({ offset, problem: expect.stringMatching(problem), fix: expect.any(String) });
  });
});

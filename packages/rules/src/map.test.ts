import { limits } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { event, fixture, oneRule, rulesOf, version, withRules } from "../tests/fixtures.js";
import { loadRules } from "./load.js";
import type { CompiledRules, MapResult } from "./types.js";

function lines(result: MapResult): string[] | string {
  if (result.kind === "rejected") return result.rejection.reason;
  return result.busts.map((bust) => `${bust.mode} ${bust.target} ${bust.target === "key" ? bust.key : bust.tag}`);
}

function reason(rules: CompiledRules, data: Parameters<typeof event>[0]): string | string[] {
  return lines(rules.map(event(data)));
}

describe("the sample's rule", () => {
  const rules = rulesOf(fixture("sample.yaml"));
  const data = { price: 5, brandId: "acme", formerBrandIds: ["b1", 2] };

  test("busts the key and the tags of a changed price", () => {
    expect(lines(rules.map(event({ data, previous: { price: 4 } })))).toEqual([
      "hard key product:42",
      "soft tag brand:acme",
      "hard tag brand:b1",
      "hard tag brand:2",
    ]);
  });

  test("an unchanged price, another type and another source match nothing", () => {
    const none = { kind: "busts", rules: [], busts: [] };
    expect(rules.map(event({ data, previous: { price: 5 } }))).toEqual(none);
    expect(rules.map(event({ data, type: "product.renamed" }))).toEqual(none);
    expect(rules.map(event({ data, source: "orders" }))).toEqual(none);
  });

  test("an empty list is no bust, and the rule matched all the same", () => {
    const result = rules.map(event({ op: "delete", type: "product.deleted", data: { ...data, formerBrandIds: [] } }));
    expect(result).toMatchObject({ kind: "busts", rules: ["product-changed"] });
    expect(lines(result)).toEqual(["hard key product:42", "soft tag brand:acme"]);
  });

  test("a bust carries all that the store needs", () => {
    const result = rules.map(event({ data, previous: { price: 4 }, version: version("9007199254740993") }));
    expect(result.kind === "busts" && result.busts[0]).toEqual({
      target: "key",
      key: "product:42",
      family: "product",
      entry: { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 7250, staleTtlMs: 60_000 },
      subject: "catalog.product/42",
      version: "9007199254740993",
      spaceKind: "counter",
      mode: "hard",
      rule: "product-changed",
    });
  });

  test("one failure sends none of the event's busts", () => {
    expect(reason(rules, { data: { ...data, formerBrandIds: null }, previous: { price: 4 } })).toBe("rule_error");
    expect(reason(rules, { data: { price: 5, brandId: "acme" }, previous: { price: 4 } })).toBe("rule_error");
  });
});

describe("rule_error", () => {
  test.each([
    ["a missing field in when", { when: "data.price > 5" }, {}],
    ["a when that is no boolean", { when: "data.price" }, { price: 1 }],
    ["types that do not fit", { when: "data.price > 5" }, { price: "secret" }],
    ["forEach over null", { forEach: "data.ids", id: "item" }, { ids: null }],
    ["forEach over a map", { forEach: "data.ids", id: "item" }, { ids: { secret: 1 } }],
    ["forEach over what is not there", { forEach: "data.ids", id: "item" }, {}],
    ["a missing field in a parameter", { id: "data.a.b" }, { a: {} }],
    ["a missing field of an item", { forEach: "data.ids", id: "item.id" }, { ids: [{ id: 1 }, {}] }],
  ])("%s", (_what, parts, data) => {
    const result = oneRule(parts).map(event({ data }));
    expect(result.kind === "rejected" && result.rejection).toMatchObject({ reason: "rule_error", rule: "one" });
    expect(JSON.stringify(result)).not.toContain("secret");
  });

  test("a false part decides although another fails, as in CEL everywhere", () => {
    expect(reason(oneRule({ when: "has(data.x) && data.x > 5" }), {})).toEqual([]);
    expect(reason(oneRule({ when: "data.x > 5 || op == 'update'" }), {})).toEqual(["hard key product:42"]);
  });
});

describe("parameters", () => {
  const rules = oneRule({ id: "data.id" });
  test.each([
    ["a text", "a:b", ["hard key product:a%3Ab"]],
    ["an integer", 42, ["hard key product:42"]],
    ["zero", 0, ["hard key product:0"]],
    ["a negative integer", -7, ["hard key product:-7"]],
    ["an integer past 2^53", 9007199254740993n, ["hard key product:9007199254740993"]],
    ["an empty text", "", "key_unresolved"],
    ["null", null, "key_unresolved"],
    ["a boolean", true, "key_unresolved"],
    ["a fraction", 1.5, "key_unresolved"],
    ["a double past 2^53", 1e21, "key_unresolved"],
    ["a list", ["a"], "key_unresolved"],
    ["a map", { a: 1 }, "key_unresolved"],
    ["a text that is too long", "x".repeat(600), "key_unresolved"],
    ["half a surrogate pair", "\ud83d", "key_unresolved"],
  ])("%s", (_what, id, wanted) => {
    expect(reason(rules, { data: { id } })).toEqual(wanted);
  });

  test("a computed double is not an integer, even where it has no fraction", () => {
    expect(reason(oneRule({ id: "data.n * 1.0" + " == 5.0 ? data.n : 0" }), { data: { n: 5 } })).toEqual(["hard key product:5"]);
    expect(reason(oneRule({ id: "dyn(data.n * 1.0)" }), { data: { n: 5 } })).toBe("key_unresolved");
  });

  test("a tenant that is not there", () => {
    expect(reason(oneRule({ id: "tenant" }), {})).toBe("key_unresolved");
    expect(reason(oneRule({ id: "tenant" }), { tenant: "t1" })).toEqual(["hard key product:t1"]);
  });
});

describe("keys of Freshet's own", () => {
  const rulesFor = (family: string, prefix?: string | null) => {
    const { rules } = loadRules(
      `freshet: 1
sources: [{ name: products, topic: catalog.product.v1, format: cloudevents, space: catalog.product }]
families: { f: ${family} }
rules: [{ name: one, source: products, bust: [{ family: f, with: { id: data.id } }] }]
`,
      { prefix },
    );
    if (rules === null) throw new Error("the rules have findings");
    return rules;
  };
  const asIs = '{ key: "{id}", escape: none, ttl: 1h, entry: { kind: opaque } }';
  const escaped = '{ key: "{id}", ttl: 1h }';
  const behind = '{ key: "q{id}", escape: none, ttl: 1h }';
  const companion = '{ key: "{id}:{{a}}", escape: none, ttl: 1h, entry: { kind: companion, companion: "q{id}:{{a}}" } }';
  test.each([
    [asIs, undefined, "fr:sweeps", "key_unresolved"],
    [asIs, undefined, "fr:t:{other}:f", "key_unresolved"],
    [asIs, undefined, "q:sweeps", ["hard key q:sweeps"]],
    [asIs, "q:", "q:sweeps", "key_unresolved"],
    [asIs, "q:", "fr:sweeps", ["hard key fr:sweeps"]],
    [asIs, null, "fr:sweeps", ["hard key fr:sweeps"]],
    [asIs, undefined, "a fr:sweeps", ["hard key a fr:sweeps"]],
    [escaped, undefined, "fr:sweeps", ["hard key fr%3Asweeps"]],
    [escaped, "q.", "q.sweeps", "key_unresolved"],
    [behind, "q:", ":sweeps", "key_unresolved"],
    [behind, "q:", "sweeps", ["hard key qsweeps"]],
    [companion, "q:", ":sweeps", "key_unresolved"],
  ])("%s with prefix %j and the id %j", (family, prefix, id, wanted) => {
    const rules = rulesFor(family, prefix);
    expect(reason(rules, { data: { id } })).toEqual(wanted);
    const [explained] = rules.explain(event({ data: { id } }));
    expect(explained?.matched).toBe(Array.isArray(wanted));
  });

  test("the rejection says so, and tells no key", () => {
    const mapped = rulesFor(asIs).map(event({ data: { id: "fr:sweeps" } }));
    expect(mapped).toMatchObject({ rejection: { message: "rule one: the key is one of Freshet's own", rule: "one" } });
    expect(JSON.stringify(mapped)).not.toContain("sweeps");
  });
});

describe("parameters as they are, where a key beside the entry must lie in its slot", () => {
  const rulesFor = (family: string) =>
    rulesOf(`freshet: 1
sources: [{ name: products, topic: catalog.product.v1, format: cloudevents, space: catalog.product }]
families: { f: ${family} }
rules: [{ name: one, source: products, bust: [{ family: f, with: { id: data.id } }] }]
`);
  const gated = rulesFor('{ key: "f:{id}", escape: none, ttl: 1h, entry: { kind: json, version: v, gate: true } }');
  const companion = rulesFor('{ key: "{id}:{{a}}", escape: none, ttl: 1h, entry: { kind: companion, companion: "{id}:{{a}}:v" } }');
  const crossed = rulesFor('{ key: "f:{id}:{{a}}", escape: none, ttl: 1h, entry: { kind: companion, companion: "v:{{a}}:{id}" } }');

  test.each([
    [gated, "4}2", "key_unresolved"],
    [gated, "4{}2", "key_unresolved"],
    [gated, "4{2", ["hard key f:4{2"]],
    [gated, "{4}2", ["hard key f:{4}2"]],
    [companion, "42", ["hard key 42:{a}"]],
    [companion, "{4}2", ["hard key {4}2:{a}"]],
    [companion, "{}42", "key_unresolved"],
    [crossed, "42", ["hard key f:42:{a}"]],
    [crossed, "{4}2", "key_unresolved"],
  ])("%#: %s", (rules, id, wanted) => {
    expect(reason(rules, { data: { id } })).toEqual(wanted);
  });

  test("as in rules, so by hand", () => {
    expect(gated.families.get("f")?.keyFor(new Map([["id", "4}2"]]))).toBeNull();
    expect(crossed.families.get("f")?.versionKeyOf?.("f:{4}2:{a}")).toBeNull();
    expect(crossed.families.get("f")?.versionKeyOf?.("f:42:{a}")).toBe("v:{a}:42");
  });
});

describe("which rules an event reaches", () => {
  const bust = 'bust: [{ family: product, with: { id: "subject" } }]';
  const rules = rulesOf(
    withRules(`  - { name: all, source: products, ${bust} }
  - { name: wild, source: products, types: ["product.*ed"], ${bust} }
  - { name: exact, source: products, types: [product.deleted, product.created], ${bust} }
  - { name: ops, source: products, ops: [delete], ${bust} }
  - { name: truncate, source: products, ops: [update, delete], when: 'op == "delete"', ${bust} }
`),
  );
  const names = (over: Parameters<typeof event>[0]): readonly string[] => {
    const result = rules.map(event(over));
    return result.kind === "busts" ? result.rules : [];
  };

  test("by type and op", () => {
    expect(names({ type: "product.updated" })).toEqual(["all", "wild"]);
    expect(names({ type: "product.created", op: "create" })).toEqual(["all", "wild", "exact"]);
    expect(names({ type: "product.deleted", op: "delete" })).toEqual(["all", "wild", "exact", "ops", "truncate"]);
    expect(names({ type: "order.x", op: "snapshot" })).toEqual(["all"]);
  });

  test("a truncate reaches only rules that name it", () => {
    expect(names({ op: "truncate" })).toEqual([]);
  });

  test("any number of types can pass by", () => {
    for (let at = 0; at < 3000; at++) expect(names({ type: `product.${at}ed` })).toEqual(["all", "wild"]);
    expect(names({ type: "product.deleted", op: "delete" })).toHaveLength(5);
  });
});

describe("fan out", () => {
  const rules = oneRule({ forEach: "data.ids", id: "item" });
  const ids = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  test("as many busts as are allowed, and not one more", () => {
    const full = rules.map(event({ data: { ids: ids(limits.keysPerEventMax) } }));
    expect(full.kind === "busts" && full.busts.length).toBe(limits.keysPerEventMax);
    expect(reason(rules, { data: { ids: ids(limits.keysPerEventMax + 1) } })).toBe("fan_out_exceeded");
  });

  test("counts over all rules", () => {
    const both = rulesOf(
      withRules(`  - { name: a, source: products, bust: [{ family: product, forEach: "data.ids", with: { id: "item" } }] }
  - { name: b, source: products, bust: [{ family: product, with: { id: "subject" } }] }
`),
    );
    expect(reason(both, { data: { ids: ids(limits.keysPerEventMax - 1) } })).toHaveLength(limits.keysPerEventMax);
    expect(reason(both, { data: { ids: ids(limits.keysPerEventMax) } })).toBe("fan_out_exceeded");
  });

  test("is as the file says", () => {
    const rule = `  - { name: a, source: products, bust: [{ family: product, forEach: "data.ids", with: { id: "item" } }] }\n`;
    const limited = rulesOf(withRules(rule, "limits: { keysPerEvent: 3 }\n"));
    expect(reason(limited, { data: { ids: ids(3) } })).toHaveLength(3);
    expect(reason(limited, { data: { ids: ids(4) } })).toBe("fan_out_exceeded");
    expect(limited.explain(event({ data: { ids: ids(4) } }))[0]?.because).toMatch(/^fan_out_exceeded: the event busts more than 3 keys/);
    expect(limited.hash).not.toBe(rulesOf(withRules(rule)).hash);
    expect(rulesOf(withRules(rule, `limits: { keysPerEvent: ${limits.keysPerEventMax} }\n`)).hash).toBe(rulesOf(withRules(rule)).hash);
  });

  test.each(["0", "-1", "1.5", `${limits.keysPerEventCeiling + 1}`, "many", "[]"])("cannot be %s", (text) => {
    const file = withRules(
      `  - { name: a, source: products, bust: [{ family: product, with: { id: "subject" } }] }\n`,
      `limits: { keysPerEvent: ${text} }\n`,
    );
    expect(loadRules(file).findings).toMatchObject([{ line: 7, problem: expect.stringContaining("keysPerEvent") }]);
  });

  test("of a million items is told before anything is made of them", () => {
    const items = new Proxy(ids(1_000_000), {
      get: (list, name) => {
        if (typeof name === "string" && /^\d+$/.test(name)) throw new Error("an item was read");
        return Reflect.get(list, name);
      },
    });
    expect(reason(rules, { data: { ids: items } })).toBe("fan_out_exceeded");
  });
});

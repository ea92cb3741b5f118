import { describe, expect, test } from "@jest/globals";
import { fixture, rulesOf, withRules } from "../tests/fixtures.js";
import { loadRules } from "./load.js";

describe("the complete sample", () => {
  test("loads without findings", () => {
    expect(loadRules(fixture("sample.yaml")).findings).toEqual([]);
  });

  test("is compiled as the protocol says", () => {
    const rules = rulesOf(fixture("sample.yaml"));
    expect(rules.bounds).toEqual({ leaseMs: 5000, lagMs: 2000, skewMs: 250, fillMs: 2000, floorMs: 7250, tagFloorMs: 9250 });
    expect(rules.topics).toEqual(["shop.products", "shopdb.public.product", "legacy.orders", "outbox.event.product"]);
    expect(rules.ruleNames).toEqual(["product-changed"]);
    expect(rules.families.get("product")?.entry).toEqual({
      kind: "managed",
      versionField: "",
      onUnversioned: "bust",
      gate: true,
      floorTtlMs: 7250,
      staleTtlMs: 60_000,
    });
    expect(rules.families.get("old-page")?.entry.versionField).toBe("version");
    expect(rules.families.get("listing")?.parameters).toEqual(["brand", "page"]);
    const [products] = rules.sourcesOf("shop.products");
    expect(products?.matchesType("product.updated")).toBe(true);
    expect(products?.matchesType("order.updated")).toBe(false);
    expect(products?.previous).toEqual(["previous"]);
    expect(products?.tenant).toEqual({ from: "header", name: "x-tenant" });
    expect(rules.sourcesOf("shopdb.public.product")[0]?.name).toBe("product-rows");
    expect(rules.sourcesOf("elsewhere")).toEqual([]);
  });

  test("keyFor makes keys as rules do", () => {
    const listing = rulesOf(fixture("sample.yaml")).families.get("listing");
    expect(listing?.keyFor(new Map(Object.entries({ brand: "a:b", page: "1" })))).toBe("listing:a%3Ab:1");
    expect(listing?.keyFor(new Map(Object.entries({ brand: "x".repeat(600), page: "1" })))).toBeNull();
    expect(listing?.keyFor(new Map([["brand", "a"]]))).toBeNull();
  });

  test("tagFor makes tags as rules do", () => {
    const brand = rulesOf(fixture("sample.yaml")).tags.get("brand");
    expect(brand?.tagFor(new Map([["id", "a:b"]]))).toBe("brand:a%3Ab");
    expect(brand?.tagFor(new Map())).toBeNull();
  });

  test("versionKeyOf finds the companion of a key as it lies in Redis", () => {
    const { families } = rulesOf(fixture("sample.yaml"));
    expect(families.get("old-cart")?.versionKeyOf?.("{u7}:cart")).toBe("{u7}:cart:v");
    expect(families.get("old-cart")?.versionKeyOf?.("{u7}:cat")).toBeNull();
    expect(families.get("product")?.versionKeyOf).toBeNull();
  });
});

test("a second document in the file is a finding, never silently left out", () => {
  for (const more of ["---\n", "---\nrules: []\n", "...\n---\n# nothing\n"]) {
    const text = `freshet: 1\nsources: [{ name: t, topic: t, format: cloudevents, space: s }]\nfamilies: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: t, bust: [{ family: f, with: { id: subject } }] }]\n`;
    expect(loadRules(text).findings).toEqual([]);
    expect(loadRules(text + more).findings).not.toEqual([]);
  }
});

test("a family with a slow loader has floors of its own", () => {
  const file = (bounds: string): string => `freshet: 1
bounds: { lease: 1s, lag: 1s, skew: 1ms${bounds} }
sources: [{ topic: t, format: cloudevents, space: s }]
families:
  quick: { key: "q:{id}", ttl: 1h }
  slow: { key: "s:{id}", ttl: 1h, bounds: { lease: 30s } }
rules: [{ name: r, source: t, bust: [{ family: slow, with: { id: subject } }] }]
`;
  const floors = (text: string): (number | undefined)[] =>
    ["quick", "slow"].map((name) => rulesOf(text).families.get(name)?.entry.floorTtlMs);
  expect(floors(file(""))).toEqual([2001, 31001]);
  expect(floors(file(", floors: 1m"))).toEqual([60_000, 60_000]);
});

test("pointers are taken apart as RFC 6901 says", () => {
  const rules = rulesOf(`freshet: 1
sources: [{ topic: t, format: cloudevents, space: s, previous: /a~1b/c~0d/~01, tenant: /x }]
families: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: t, bust: [{ family: f, with: { id: subject } }] }]
`);
  expect(rules.sourcesOf("t")[0]).toMatchObject({ previous: ["a/b", "c~d", "~1"], tenant: { from: "pointer", path: ["x"] } });
});

test("ten different mistakes are ten findings, each with its place and a fix", () => {
  const { rules, findings } = loadRules(fixture("ten-mistakes.yaml"));
  expect(rules).toBeNull();
  expect(findings.map(({ line, column, code, fix }) => [line, column, code, fix])).toEqual([
    [2, 62, "bounds_broken", "Write `floors: 7250ms` or more, or leave `floors` out."],
    [8, 5, "unknown_field", "Did you mean `versions`?"],
    [14, 16, "template_collision", "Start each with a word of its own, such as `name:`, before the first parameter."],
    [19, 13, "unknown_source", "Did you mean `products`?"],
    [25, 13, "never_matches", "Did you mean `product.deleted`?"],
    [26, 11, "expression_unquoted", "Write when: 'op == \"delete\"'. Unquoted, YAML may read `!`, `#` or `: ` as its own."],
    [28, 36, "unknown_parameter", "Did you mean `id`?"],
    [29, 57, "unknown_variable", "Did you mean `subject`?"],
    [29, 88, "soft_unmanaged", "Leave `mode: soft` out; only managed entries have soft busts."],
    [35, 16, "truncate_target", "Bust an epoch tag, or move `truncate` to a rule of its own."],
  ]);
});

describe("the hash", () => {
  const base = withRules(
    '  - name: r\n    source: products\n    when: \'op == "delete"\'\n    bust: [{ family: product, with: { id: "subject" } }]\n',
  );
  const hash = (text: string): string => rulesOf(text).hash;

  test("is 64 hex digits and the same for comments, layout and order of keys", () => {
    expect(hash(base)).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(`# rules\n${base}`)).toBe(hash(base));
    expect(hash(base.replace('{ key: "product:{id}", ttl: 1h }', "\n    ttl: 60m\n    key: 'product:{id}'"))).toBe(hash(base));
    expect(hash(base.replace("freshet: 1\n", "freshet: 1\nbounds: { lease: 5000ms }\n"))).toBe(hash(base));
    expect(hash(base.replace("ttl: 1h }", "ttl: 1h, entry: { kind: managed }, escape: percent }"))).toBe(hash(base));
  });

  test("changes with the meaning", () => {
    const changes: [string, string][] = [
      ["ttl: 1h", "ttl: 2h"],
      ["delete", "update"],
      ["freshet: 1", "freshet: 1\nbounds: { lease: 6s }"],
      ["space: catalog.product", "space: catalog.item"],
      ["product:{id}", "products:{id}"],
      ["ttl: 1h", "ttl: 1h, entry: { kind: opaque }"],
    ];
    const hashes = changes.map(([from, to]) => hash(base.replace(from, to)));
    expect(new Set([hash(base), ...hashes]).size).toBe(changes.length + 1);
  });
});

import { describe, expect, test } from "@jest/globals";
import { transcript } from "../../tests/transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, tenant: "header:x-tenant" }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - name: price
    source: products
    types: [product.updated]
    when: 'has(data.price) && data.price > 5'
    bust: [{ family: page, with: { id: subject } }]
`;
const TAGGED = `${RULES}  - name: brand
    source: products
    bust: [{ tag: brand, with: { id: data.brand } }]
tags:
  brand: { key: "brand:{id}", kind: swept }
`;
const BROKEN = RULES.replace("family: page,", "family: pgae,").replace("ttl: 1h", "ttl: soon");

const event = (change: object) =>
  JSON.stringify({
    specversion: "1.0",
    id: "e",
    source: "s",
    type: "product.updated",
    subject: "42",
    freshetversion: "7",
    data: { price: 9 },
    ...change,
  });

describe("the prefix of Freshet's own keys", () => {
  const own = RULES.replace("page:{id}", "q:{id}");
  const env = { FRESHET_REDIS_PREFIX: "q:" };
  const problem = "keys that begin with `q:` are Freshet's own, and no rule may bust them";

  test("rules check knows the configured one, and tells line, column and fix", async () => {
    const fine = await transcript(["rules", "check", "r.yaml"], { files: { "r.yaml": own } });
    expect(fine.code).toBe(0);
    const { code, out } = await transcript(["rules", "check", "r.yaml"], { files: { "r.yaml": own }, env });
    expect({ code, out }).toEqual({ code: 3, out: [expect.stringContaining(`r.yaml:5:16 own_keys ${problem} — Let the key begin`)] });
  });

  test("rules explain shows the dead letter of an event that leads there", async () => {
    const files = { "r.yaml": RULES.replace('"page:{id}"', '"{id}", escape: none'), "e.json": event({ subject: "q:sweeps" }) };
    const argv = ["rules", "explain", "--event", "e.json", "r.yaml"];
    const { code, out } = await transcript(argv, { files, env });
    expect({ code, last: out.at(-1) }).toEqual({
      code: 3,
      last: expect.stringContaining("result dead-lettered as key_unresolved: rule price: the key is one of Freshet's own"),
    });
    expect((await transcript(argv, { files })).code).toBe(0);
  });
});

describe("rules check", () => {
  test("a right file: nothing on stdout, 0", async () => {
    const { code, out, talk } = await transcript(["rules", "check", "r.yaml"], { files: { "r.yaml": RULES } });
    expect({ code, out }).toEqual({ code: 0, out: [] });
    expect(talk).toEqual([expect.stringMatching(/^r\.yaml: no findings; 1 rule, hash [0-9a-f]{12}$/)]);
  });

  test("every finding on a line of its own with place, code, problem and fix, 3", async () => {
    const { code, out, talk } = await transcript(["rules", "check", "r.yaml"], { files: { "r.yaml": BROKEN } });
    expect(code).toBe(3);
    expect(out).toEqual([
      expect.stringMatching(/^r\.yaml:5:\d+ \w+ .+ — .+$/),
      expect.stringMatching(/^r\.yaml:11:\d+ unknown_family .*pgae.* — Did you mean `page`\?$/),
    ]);
    expect(talk).toEqual(["r.yaml: 2 findings"]);
  });

  test("tags are no finding", async () => {
    const { code, out } = await transcript(["rules", "check", "r.yaml"], { files: { "r.yaml": TAGGED } });
    expect({ code, out }).toEqual({ code: 0, out: [] });
  });

  test("--json holds the same", async () => {
    const { code, out } = await transcript(["rules", "check", "r.yaml", "--json"], { files: { "r.yaml": BROKEN } });
    expect(code).toBe(3);
    expect(out).toHaveLength(1);
    const told = JSON.parse(out[0] ?? "");
    expect(told).toMatchObject({ file: "r.yaml", hash: null });
    expect(told.findings.map((finding: { line: number }) => finding.line)).toEqual([5, 11]);
  });
});

describe("rules test", () => {
  const tests = (expected: string) => `tests:
  - name: a dear product busts its page
    event: { type: product.updated, subject: "42", version: "7", data: { price: 9 } }
    expect: [${expected}]
`;
  const files = { "rules.yaml": RULES, "good.test.yaml": tests("{ key: 'page:42' }"), "bad.test.yaml": tests("{ key: 'page:43' }") };

  test("tests that pass: 0", async () => {
    expect(await transcript(["rules", "test", "good.test.yaml"], { files })).toEqual({
      code: 0,
      out: ["ok     a dear product busts its page"],
      talk: ["1 passed, 0 failed"],
    });
  });

  test("a failing test shows what is missing and what is too much: 3", async () => {
    const { code, out, talk } = await transcript(["rules", "test", "good.test.yaml", "bad.test.yaml"], { files });
    expect(code).toBe(3);
    expect(out).toEqual([
      "ok     a dear product busts its page",
      "FAILED a dear product busts its page (bad.test.yaml:2)",
      "       - hard key page:43",
      "       + hard key page:42",
    ]);
    expect(talk).toEqual(["1 passed, 1 failed"]);
  });

  test("the rules file is the flag's, else FRESHET_RULES', else rules.yaml beside the tests", async () => {
    const elsewhere = { "sub/x.test.yaml": files["good.test.yaml"], "other.yaml": RULES };
    const byFlag = await transcript(["rules", "test", "sub/x.test.yaml", "--rules", "other.yaml"], { files: elsewhere });
    const byVariable = await transcript(["rules", "test", "sub/x.test.yaml"], { files: elsewhere, env: { FRESHET_RULES: "other.yaml" } });
    const beside = await transcript(["rules", "test", "sub/x.test.yaml"], { files: elsewhere });
    expect([byFlag.code, byVariable.code, beside.code]).toEqual([0, 0, 2]);
    expect(beside.talk[0]).toBe("FR1001 sub/rules.yaml: there is no such file");
  });

  test("a rules file with findings: 2, with the first of them", async () => {
    const { code, talk } = await transcript(["rules", "test", "good.test.yaml"], { files: { ...files, "rules.yaml": BROKEN } });
    expect(code).toBe(2);
    expect(talk[0]).toMatch(/^FR1003 the rules file has 2 findings, the first: rules\.yaml:5:/);
    expect(talk[1]).toBe("  fix: See all: freshet rules check rules.yaml");
  });
});

describe("rules explain", () => {
  const explain = (text: string, ...more: string[]) =>
    transcript(["rules", "explain", "r.yaml", "--event", "e.json", ...more], { files: { "r.yaml": RULES, "e.json": text } });

  test("a rule that matches: its keys", async () => {
    expect(await explain(event({}))).toEqual({
      code: 0,
      out: [
        "event  product.updated (update) of catalog.product/42, version 7, from source products",
        "rule   price: yes",
        "         key page:42 (family page, json, hard)",
        "result 1 bust",
      ],
      talk: [],
    });
  });

  test("a rule that does not: the first condition that is false", async () => {
    const { code, out } = await explain(event({ data: { price: 5 } }));
    expect(code).toBe(0);
    expect(out.slice(1)).toEqual(["rule   price: no, `data.price > 5` is false", "result 0 busts"]);
  });

  test("an event that would be dead-lettered: reason and fix, 3", async () => {
    const { code, out } = await explain(event({ freshetversion: "007" }));
    expect(code).toBe(3);
    expect(out[0]).toMatch(/^dead-lettered as version_invalid: .+ — .+$/);
  });

  test("a condition that cannot be evaluated: rule_error, 3", async () => {
    const { code, out } = await explain(event({ data: { price: "dear" } }));
    expect(code).toBe(3);
    expect(out.at(-1)).toMatch(/^result dead-lettered as rule_error: /);
  });

  test("--json holds the same", async () => {
    const { code, out } = await explain(event({}), "--json");
    expect(code).toBe(0);
    expect(out.map((line) => JSON.parse(line))).toEqual([
      {
        topic: "shop.products",
        rejected: null,
        event: { source: "products", type: "product.updated", op: "update", subject: "catalog.product/42", version: "7" },
        rules: [{ rule: "price", matched: true, because: "", busts: [{ key: "page:42", family: "page", mode: "hard" }] }],
      },
    ]);
  });

  test("a row as Debezium writes it, with its key", async () => {
    const rows = "  - { name: rows, topic: db.product, format: debezium, space: db, id: [id], version: rev }";
    const rules = RULES.replace("sources:", `sources:\n${rows}`);
    const files = { "r.yaml": rules, "e.json": '{"op":"d","before":null,"after":null,"source":{"table":"product"}}' };
    const { code, out } = await transcript(["rules", "explain", "r.yaml", "--event", "e.json", "--key", '{"id":42}'], { files });
    expect(code).toBe(0);
    expect(out[0]).toBe("event  product (delete) of db/42, blind, from source rows");
  });

  test("a file that is no JSON object: 2", async () => {
    expect((await explain("[]")).talk[0]).toBe("FR1001 e.json is not a JSON object");
    expect((await explain("{")).code).toBe(2);
  });
});

import { describe, expect, test } from "@jest/globals";
import { marked, withRules } from "../tests/fixtures.js";
import { loadRules } from "./load.js";

/** A `§` stands right before the place of each finding; `codes` are theirs, in order. */
function expectTold(textWithMarks: string, codes: string): void {
  const { text, places } = marked(textWithMarks);
  const told = loadRules(text).findings.map(({ line, column, code }) => `${line}:${column} ${code}`);
  expect(told).toEqual(codes.split(" ").flatMap((code, at) => (code === "" ? [] : [`${places[at] ?? "unmarked"} ${code}`])));
}

const head = "freshet: 1\n";
const source = "sources: [{ topic: t, format: cloudevents, space: s }]\n";
const family = 'families: { f: { key: "f:{id}", ttl: 1h } }\n';
const rule = "rules: [{ name: r, source: t, bust: [{ family: f, with: { id: subject } }] }]\n";
const sources = (text: string): string => `${head}sources: [${text}]\n${family}${rule}`;
const families = (text: string): string => `${head}${source}families: { ${text} }\n${rule}`;
const rules = (text: string): string => `${head}${source}${family}rules: [${text}]\n`;
const bust = (text: string): string => rules(`{ name: r, source: t, bust: [${text}] }`);

test("these parts together are right", () => expectTold(head + source + family + rule, ""));

describe("the file as a whole", () => {
  test.each([
    ["nothing at all", "§", "empty"],
    ["a list", "§- 1\n", "wrong_type"],
    ["no rules", `§${head}${source}`, "missing_field"],
    ["an empty list", `${head}${source}${family}rules: §[]\n`, "empty"],
    ["another version of the file format", `freshet: §2\n${source}${family}${rule}`, "wrong_type"],
    ["an unknown field", `${head}§hosts: 1\n${source}${family}${rule}`, "unknown_field"],
    ["a field twice", `${head}${source}${family}§families: {}\n${rule}`, "duplicate_key"],
    ["clocks that never differ", `${head}bounds: { skew: §0ms }\n${source}${family}${rule}`, "bounds_broken"],
    [
      "a type of a thousand letters",
      `${head}${source}${family}${rule}`.replace("source: t", `source: t, types: [§${"a*".repeat(500)}]`),
      "malformed_value",
    ],
    ["a field of many letters", `${head}§${"x".repeat(900)}: 1\n${source}${family}${rule}`, "unknown_field"],
    ["a lease of a hundred years", `${head}bounds: { lease: §36500d }\n${source}${family}${rule}`, "malformed_value"],
    [
      "many mistakes in one part",
      `${head}${source}families: { f: §{ keys: 1, ttl: 5x } }\n${rule}`.replace("keys", "§keys").replace("5x", "§5x"),
      "missing_field unknown_field malformed_value",
    ],
  ])("%s", (_what, text, codes) => expectTold(text, codes));
});

describe("sources", () => {
  test.each([
    ["no space", "§{ topic: t, format: cloudevents }", "missing_field"],
    ["an unknown format", "{ topic: t, format: §cloudevent, space: s }", "unknown_value"],
    ["no format", "§{ topic: t, space: s }", "missing_field"],
    ["a space with a slash", "{ topic: t, format: cloudevents, space: §a/b }", "malformed_value"],
    ["versions of an unknown kind", "{ topic: t, format: cloudevents, space: s, versions: §count }", "unknown_value"],
    ["a field of another format", "{ topic: t, format: cloudevents, space: s, §replicaIdentity: full }", "unknown_field"],
    ["a pointer without a slash", "{ topic: t, format: cloudevents, space: s, previous: §previous }", "malformed_value"],
    ["rows without a version", "§{ topic: t, format: debezium, space: s, id: [id] }", "missing_field"],
    ["a version that is denied", "{ topic: t, format: debezium, space: s, id: [id], version: §v, versions: none }", "contradiction"],
    [
      "one that gets nothing",
      "{ topic: t, format: cloudevents, space: s }, §{ name: u, topic: t, format: cloudevents, space: s }",
      "never_matches",
    ],
    [
      "two of one name",
      "{ topic: t, format: cloudevents, space: s }, { name: §t, topic: u, format: cloudevents, space: s }",
      "duplicate_name",
    ],
  ])("%s", (_what, text, codes) => expectTold(sources(text), codes));
});

describe("families and tags", () => {
  test.each([
    ["a duration without a unit", 'f: { key: "f:{id}", ttl: §60 }', "wrong_type"],
    ["a duration in weeks", 'f: { key: "f:{id}", ttl: §2w }', "malformed_value"],
    ["a family whose floors are too short", 'f: { key: "f:{id}", ttl: 1h, bounds: { lease: 30s, floors: §20s } }', "bounds_broken"],
    [
      "floors of the file that are too short for one family",
      'f: { key: "f:{id}", ttl: 1h, bounds: §{ lease: 30s } } }\nbounds: { floors: 20s',
      "bounds_broken",
    ],
    ["a tag where a key is needed is told once", "f: { key: §!x y, ttl: 1h }", "yaml_tag"],
    ["clocks of one family", 'f: { key: "f:{id}", ttl: 1h, bounds: { §skew: 1s } }', "unknown_field"],
    ["a hash without its field", 'f: { key: "f:{id}", ttl: 1h, entry: §{ kind: hash } }', "missing_field"],
    ["a json without its member", 'f: { key: "f:{id}", ttl: 1h, entry: §{ kind: json } }', "missing_field"],
    ["a pointer for a member", 'f: { key: "f:{id}", ttl: 1h, entry: { kind: json, version: §/v } }', "malformed_value"],
    ["a companion without its key", 'f: { key: "f:{id}", ttl: 1h, entry: §{ kind: companion } }', "missing_field"],
    ["a companion in another slot", 'f: { key: "f:{id}", ttl: 1h, entry: { kind: companion, companion: §"f:{id}:v" } }', "companion_slot"],
    [
      "a companion of other parameters",
      'f: { key: "{{f{id}}}", ttl: 1h, entry: { kind: companion, companion: §"{{f{id}}}:{v}" } }',
      "unknown_parameter",
    ],
    [
      "a companion in the entry's place",
      'f: { key: "{{f{id}}}", ttl: 1h, entry: { kind: companion, companion: §"{{f{id}}}" } }',
      "template_collision",
    ],
    [
      "a companion in another slot, as nothing in braces is no part",
      'f: { key: "{{}}{{f{id}}}", ttl: 1h, entry: { kind: companion, companion: §"{{}}{{f{id}}}:v" } }',
      "companion_slot",
    ],
    ["a gate for which there is no slot", 'f: { key: "f:{id}§}}", ttl: 1h, entry: { kind: json, version: v, gate: true } }', "gate_slot"],
    ["the same with nothing in braces", 'f: { key: "{{§}}f:{id}", ttl: 1h, entry: { kind: prefix, gate: true } }', "gate_slot"],
    ["the same before the braces", 'f: { key: "f§}}{id}{{", ttl: 1h, entry: { kind: prefix, gate: true } }', "gate_slot"],
    ["a gate around which there is a slot", 'f: { key: "f:{{{id}}}}}", ttl: 1h, entry: { kind: prefix, gate: true } }', ""],
    [
      "a version in a field of Freshet's own",
      'f: { key: "f:{id}", ttl: 1h, entry: { kind: hash, version: §"fr:f", gate: true } }',
      "malformed_value",
    ],
    ["a gate in the entry itself", 'f: { key: "f:{id}}}", ttl: 1h, entry: { kind: hash, version: v, gate: true } }', ""],
    ["no gate", 'f: { key: "f:{id}}}", ttl: 1h, entry: { kind: json, version: v } }', ""],
    ["a gate in braces that do not end", 'f: { key: "f:{{{id}", ttl: 1h, entry: { kind: json, version: v, gate: true } }', ""],
    ["a gate in braces of a parameter", 'f: { key: "{{{id}}}", ttl: 1h, entry: { kind: json, version: v, gate: true } }', ""],
    ["a gate beside braces of a parameter alone", 'f: { key: "f}}:{{{id}}}", ttl: 1h, entry: { kind: json, version: v, gate: true } }', ""],
    ["a gate, and what escapes", 'f: { key: "f:{id}", escape: none, ttl: 1h, entry: { kind: json, version: v, gate: true } }', ""],
    ["a gate", 'f: { key: "f:{id}", ttl: 1h, entry: { kind: json, version: v, gate: true } }', ""],
    ["a gate of what has none", 'f: { key: "f:{id}", ttl: 1h, entry: { kind: opaque, §gate: true } }', "unknown_field"],
    ["an entry of an unknown kind", 'f: { key: "f:{id}", ttl: 1h, entry: { kind: §string } }', "unknown_value"],
    ["a brace too many", 'f: { key: "f:{id}§}", ttl: 1h }', "template_syntax"],
    ["a key that is too long", `f: { key: §"f:{id}:${"x".repeat(510)}", ttl: 1h }`, "template_size"],
    [
      "more parameters than anybody wants",
      `f: { key: §"${Array.from({ length: 17 }, (_, at) => `{p${at}}`).join(":")}", ttl: 1h }`,
      "template_size",
    ],
    ["two templates for one key", 'f: { key: "f:{id}", ttl: 1h }, g: { key: §"{a}:{b}", ttl: 1h }', "template_collision"],
    [
      "a companion that is another's key",
      'f: { key: "f:{{g:{id}}}", escape: none, ttl: 1h }, g: { key: "{{g:{id}}}", ttl: 1h, entry: { kind: companion, companion: §"f:{{g:{id}}}" } }',
      "template_collision",
    ],
    ["a key under Freshet's own prefix", 'f: { key: §"fr:{id}", ttl: 1h }', "own_keys"],
    ["the key of Freshet's own bounds", 'f: { key: "f:{id}", ttl: 1h }, g: { key: §"fr:bounds", ttl: 1h }', "own_keys"],
    [
      "a companion under Freshet's own prefix",
      'f: { key: "f:{{{id}}}", ttl: 1h, entry: { kind: companion, companion: §"fr:v:{{{id}}}" } }',
      "own_keys",
    ],
    ["a key that only looks like one of Freshet's", 'f: { key: "fr{id}", ttl: 1h }', ""],
    ["a tag that is not there", 'f: { key: "f:{id}", ttl: 1h, tags: [{ tag: §g }] }', "unknown_tag"],
    ["a name with a blank", 'f: { key: "f:{id}", ttl: 1h }, §"g h": { key: "g:{id}", ttl: 1h }', "malformed_name"],
  ])("%s", (_what, text, codes) => expectTold(families(text), codes));

  test("a key under the prefix of the deployment, and still one under the default", () => {
    const text = families('f: { key: "q:{id}", ttl: 1h }, g: { key: "fr:g:{id}", ttl: 1h }');
    const told = (prefix?: string | null) => loadRules(text, { prefix }).findings.map(({ code, problem }) => `${code} ${problem}`);
    const own = (prefix: string) => `own_keys keys that begin with \`${prefix}\` are Freshet's own, and no rule may bust them`;
    expect(told()).toEqual([own("fr:")]);
    expect(told("q:")).toEqual([own("q:"), own("fr:")]);
    expect(told(null)).toEqual([]);
  });

  test("parameters that run together", () => {
    const busts = "rules: [{ name: r, source: t, bust: [{ family: f, with: { id: subject, no: op } }] }]\n";
    expectTold(`${head}${source}families: { f: { key: §"f:{id}-{no}", ttl: 1h } }\n${busts}`, "template_ambiguous");
    expectTold(`${head}${source}families: { f: { key: "f:{id}:{no}", ttl: 1h } }\n${busts}`, "");
    expectTold(`${head}${source}families: { f: { key: "f:{id}-{no}", escape: none, ttl: 1h } }\n${busts}`, "");
  });

  test.each([
    ["braces in a tag", "", 'g: { key: §"g:{{x}}", kind: swept }', "template_braces"],
    ["an epoch among swept tags", ", tags: [{ tag: §g }]", "g: { key: g, kind: epoch }", "tag_kind"],
    ["a swept tag among epochs", ", epochs: [{ tag: §g }]", "g: { key: g, kind: swept }", "tag_kind"],
    ["tags of foreign entries", ", §tags: [{ tag: g }], entry: { kind: opaque }", "g: { key: g, kind: swept }", "tags_unmanaged"],
    ["a tag without its parameter", ", tags: [§{ tag: g }]", 'g: { key: "g:{x}", kind: swept }', "missing_parameter"],
    ["two tags for one key", "", 'g: { key: "g:{x}", kind: swept }, h: { key: §"g:1", kind: swept }', "template_collision"],
    ["a swept and an epoch tag of one key", "", 'g: { key: "g:{x}", kind: swept }, h: { key: "g:1", kind: epoch }', ""],
  ])("%s", (...[_what, use, tags, codes]) => {
    expectTold(`${head}${source}families: { f: { key: "f:{id}", ttl: 1h${use} } }\ntags: { ${tags} }\n${rule}`, codes);
  });
});

describe("rules and busts", () => {
  test.each([
    [
      "two of one name",
      rules(
        "{ name: r, source: t, bust: [{ family: f, with: { id: op } }] }, { name: §r, source: t, bust: [{ family: f, with: { id: op } }] }",
      ),
      "duplicate_name",
    ],
    ["a source that is not there", rules("{ name: r, source: §u, bust: [{ family: f, with: { id: op } }] }"), "unknown_source"],
    [
      "no name, and the rest is looked at all the same",
      rules("§{ source: t, bust: [{ family: §g, with: { id: op } }] }"),
      "missing_field unknown_family",
    ],
    ["no target", bust("§{ with: { id: subject } }"), "bust_target"],
    ["a parameter left out", bust("§{ family: f }"), "missing_parameter"],
    ["a family named as a tag", bust("{ tag: §f }"), "unknown_tag"],
    ["a number as a parameter", bust("{ family: f, with: { id: §5 } }"), "wrong_type"],
  ])("%s", (_what, text, codes) => expectTold(text, codes));

  test("soft busts of entries that are not managed", () => {
    const opaque = 'families: { f: { key: "f:{id}", ttl: 1h, entry: { kind: opaque } } }\n';
    const soft = (mode: string): string => `rules: [{ name: r, source: t, bust: [{ family: f, with: { id: op }, mode: ${mode} }] }]\n`;
    expectTold(head + source + opaque + soft("§soft"), "soft_unmanaged");
    expectTold(head + source + opaque + soft("hard"), "");
    expectTold(head + source + family + soft("soft"), "");
  });

  test("truncate reaches epoch tags only", () => {
    const table = "sources: [{ topic: t, format: debezium, space: s, id: [id], versions: none }]\n";
    const tags = "tags: { g: { key: g, kind: swept }, all: { key: all, kind: epoch } }\n";
    const truncate = (target: string): string => `rules: [{ name: r, source: t, ops: [truncate], bust: [{ tag: ${target} }] }]\n`;
    expectTold(head + table + family + tags + truncate("§g"), "truncate_target");
    expectTold(head + table + family + tags + truncate("all"), "");
  });

  test("variables that a source never sets", () => {
    const file = (more: string, id: string): string => `${head}sources: [{ topic: t, format: cloudevents, space: s${more} }]
${family}rules: [{ name: r, source: t, bust: [{ family: f, with: { id: ${id} } }] }]
`;
    expectTold(file("", '§"tenant"'), "never_known");
    expectTold(file(", tenant: /shop", '"tenant"'), "");
    expectTold(file(", versions: none", '§"version"'), "never_known");
  });
});

describe("values in a form that is not read", () => {
  const told = (fields: string): readonly string[] => {
    const { text, places } = marked(sources(`{ topic: t, space: s, id: [/id], version: /v, ${fields} }`));
    return loadRules(text).findings.map(({ line, column, code, problem, fix }) => {
      expect(`${line}:${column} ${code}`).toBe(`${places[0]} unknown_value`);
      return `${problem}. ${fix}`;
    });
  };

  test.each(["format: §protobuf", "format: json, encoding: §protobuf", "format: json, encoding: §Proto3"])("Protobuf: %s", (fields) => {
    expect(told(fields)).toEqual([expect.stringMatching(/^`(format|encoding)` cannot be `\w+`\. Protobuf is not read: .* Avro or JSON/)]);
  });

  test.each(["format: §avro", "format: json, encoding: §json-schema"])("what a registry knows: %s", (fields) => {
    expect(told(fields)).toEqual([expect.stringContaining("Write `encoding: registry`")]);
  });
});

describe("expressions", () => {
  const file = (line: string, target = '{ family: product, with: { id: "subject" } }'): string =>
    withRules(`  - name: r\n    source: products\n    ${line}\n    bust: [${target}]\n`);

  test.each([
    ["syntax", "when: 'op == §'", "expression_syntax"],
    ["a text that is no condition", "when: '§\"yes\"'", "expression_type"],
    ["text against number", "when: 'data.a == 1 && §version > 5'", "expression_type"],
    ["an unknown variable behind an escape", 'when: "op == \\"delete\\" || §payload.x"', "unknown_variable"],
    ["an unknown variable behind a doubled quote", "when: 'op == ''delete'' || §payload.x'", "unknown_variable"],
    ["an unknown variable in a folded block", 'when: >-\n      op == "delete"\n      || §payload.x', "unknown_variable"],
    ["an unknown variable in a literal block", 'when: |\n      op == "delete"\n        || §payload.x\n', "unknown_variable"],
    ["a regular expression", "when: '§subject.matches(\"(a+)+\")'", "expression_refused"],
    ["item outside forEach", "when: '§item == 1'", "unknown_variable"],
    ["the inner name of type", "when: '§typ_ == \"x\"'", "unknown_variable"],
    ["not in quotes", 'when: §op == "delete"', "expression_unquoted"],
    ["an op that is none", 'when: \'op == §"deleted" || !(op in ["create", §"remove"])\'', "unknown_value unknown_value"],
    ["never", "when: '§false'", "never_matches"],
    ["never, as part of a chain", "when: 'op == \"delete\" && (§1 == 2)'", "never_matches"],
    ["a boolean instead of an expression", "when: §false", "wrong_type"],
    ["no expression", "when: §", "wrong_type"],
    ["what YAML takes for a tag", "when: §!has(previous.price)", "yaml_tag"],
    ["what YAML takes for an alias", "when: §*x", "yaml_alias"],
    ["ops that never come", "ops: §[snapshot]", "never_matches"],
    ["ops that these types never have", "types: [product.deleted]\n    ops: §[create]", "never_matches"],
  ])("%s", (_what, line, codes) => expectTold(file(line), codes));

  test.each([
    ["a parameter that is true or false", '{ family: product, with: { id: "§data.a == 1" } }', "expression_type"],
    ["a parameter that is a fraction", '{ family: product, with: { id: "§1.5" } }', "expression_type"],
    ["a parameter that is empty", "{ family: product, with: { id: §\"''\" } }", "expression_type"],
    ["forEach over a text", '{ family: product, forEach: §subject, with: { id: "item" } }', "expression_type"],
    ["a parameter nobody knows", '{ family: product, with: { id: "subject", §nr: "§item" } }', "unknown_parameter unknown_variable"],
  ])("%s", (_what, target, codes) => expectTold(file("types: [product.updated]", target), codes));
});

import { decodeEvent, type KafkaRecord, type SourceReads } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { marked, rulesOf } from "../tests/fixtures.js";
import { loadRules } from "./load.js";

const file = (sources: string, rule = ""): string => `freshet: 1
sources: [${sources}]
families: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: t, bust: [{ family: f, with: { id: "subject" } }]${rule} }]
`;
const readsOf = (source: string): SourceReads | undefined => rulesOf(file(source)).sourcesOf("t")[0]?.reads;

/** A `§` stands right before the place of each finding; `codes` are theirs, in order. */
function expectTold(textWithMarks: string, codes: string): void {
  const { text, places } = marked(textWithMarks);
  const told = loadRules(text).findings.map(({ line, column, code }) => `${line}:${column} ${code}`);
  expect(told).toEqual(codes.split(" ").flatMap((code, at) => (code === "" ? [] : [`${places[at] ?? "unmarked"} ${code}`])));
}

describe("canaries", () => {
  const asked = (more: string) => rulesOf(file(`{ topic: t, format: cloudevents, space: s${more} }`));

  test("come to sources that ask for them, and to no others", () => {
    expect(asked(", canary: true").sourcesOf("t")[0]?.canary).toBe(true);
    for (const more of ["", ", canary: false"]) expect(asked(more).sourcesOf("t")[0]).not.toHaveProperty("canary");
  });

  test("are a part of what a file means, but saying no is saying nothing", () => {
    expect(asked(", canary: false").hash).toBe(asked("").hash);
    expect(asked(", canary: true").hash).not.toBe(asked("").hash);
    expectTold(file("{ topic: t, format: cloudevents, space: s, canary: §often }"), "wrong_type");
  });
});

describe("what a source says is what its format reads", () => {
  test("rows: columns by name, whatever is in the name", () => {
    expect(readsOf("{ topic: t, format: debezium, space: s, id: [shop, a/b], version: /v, replicaIdentity: full }")).toEqual({
      id: [
        { from: "pointer", path: ["shop"] },
        { from: "pointer", path: ["a/b"] },
      ],
      version: { from: "pointer", path: ["/v"] },
      type: null,
      time: null,
      replicaIdentity: "full",
    });
    expect(readsOf("{ topic: t, format: debezium, space: s, id: [id], versions: none }")).toMatchObject({
      version: null,
      replicaIdentity: "default",
    });
  });

  test("documents and outboxes: headers and pointers", () => {
    expect(
      readsOf("{ topic: t, format: json, space: s, id: [/a~1b/c, header:x], version: header:v, type: /kind, time: /at }"),
    ).toMatchObject({
      id: [
        { from: "pointer", path: ["a/b", "c"] },
        { from: "header", name: "x" },
      ],
      version: { from: "header", name: "v" },
      type: { from: "pointer", path: ["kind"] },
      time: { from: "pointer", path: ["at"] },
    });
    expect(readsOf("{ topic: t, format: outbox, space: s, version: /v, type: header:kind, time: header:at }")).toMatchObject({
      id: [],
      version: { from: "pointer", path: ["v"] },
      type: { from: "header", name: "kind" },
      time: { from: "header", name: "at" },
    });
  });

  test("CloudEvents say it themselves", () => {
    expect(readsOf("{ topic: t, format: cloudevents, space: s }")).toBeUndefined();
  });

  test("an encoding, of every format; plain is none", () => {
    const encodingOf = (source: string) => rulesOf(file(`{ topic: t, space: s, ${source} }`)).sourcesOf("t")[0]?.encoding;
    for (const format of ["cloudevents", "debezium, id: [id], version: v", "outbox, version: /v", "json, id: [/id], version: /v"]) {
      expect(encodingOf(`encoding: registry, format: ${format}`)).toBe("registry");
      expect([encodingOf(`format: ${format}`), encodingOf(`encoding: plain, format: ${format}`)]).toEqual([undefined, undefined]);
    }
    const hashes = ["", ", encoding: plain", ", encoding: registry"].map(
      (more) => rulesOf(file(`{ topic: t, format: cloudevents, space: s${more} }`)).hash,
    );
    expect([hashes[0] === hashes[1], hashes[0] === hashes[2]]).toEqual([true, false]);
  });

  test("from the rules file to the busted key", () => {
    const text = file("{ topic: t, format: debezium, space: s, id: [shop, id], version: rev, match: { types: [public.*] } }");
    const rules = rulesOf(text.replace('id: "subject"', "id: data.id"));
    const after = '{"shop":"a b","id":9007199254740993,"rev":7}';
    const value = new TextEncoder().encode(`{"op":"u","before":null,"after":${after},"source":{"schema":"public","table":"p"}}`);
    const record: KafkaRecord = { topic: "t", partition: 0, offset: 0, timestampMs: 0, key: null, value, headers: [] };
    const decoded = decodeEvent(record, rules.sourcesOf("t"));
    const mapped = decoded.kind === "event" ? rules.map(decoded.event) : null;
    expect(mapped).toMatchObject({
      kind: "busts",
      busts: [{ key: "f:9007199254740993", subject: "s/a%20b,9007199254740993", version: "7" }],
    });
  });
});

describe("findings", () => {
  const json = "topic: t, format: json, space: s, id: [/id], version: /v";

  test.each([
    ["types of a document that nothing tells", `{ ${json}, match: §{ types: [a] } }`, "missing_field"],
    ["ops of a document whose type nothing tells", `{ ${json}, ops: §{ a: delete } }`, "missing_field"],
    ["the same with a type", `{ ${json}, type: /kind, ops: { a: delete }, match: { types: [a] } }`, ""],
    [
      "two formats on one topic",
      `{ ${json}, type: /kind, match: { types: [a] } }, { name: u, topic: t, format: §cloudevents, space: s }`,
      "mixed_formats",
    ],
    [
      "two sources of one format on one topic",
      `{ ${json}, type: /kind, match: { types: [a] } }, { name: u, topic: t, format: json, space: u, id: [/id], version: /v }`,
      "",
    ],
    [
      "two encodings on one topic",
      `{ ${json}, type: /kind, match: { types: [a] }, encoding: registry }, §{ name: u, topic: t, format: json, space: u, id: [/id], version: /v }`,
      "mixed_formats",
    ],
    [
      "two encodings on one topic, both written",
      `{ ${json}, type: /kind, match: { types: [a] } }, { name: u, ${json}, encoding: §registry }`,
      "mixed_formats",
    ],
    [
      "a counter and times in one space",
      "{ topic: t, format: cloudevents, space: s }, { topic: u, format: cloudevents, space: §s, versions: timestamp }",
      "mixed_versions",
    ],
    [
      "times in a space of their own, and no versions in the same",
      "{ topic: t, format: cloudevents, space: s }, { topic: u, format: cloudevents, space: x, versions: timestamp }, { topic: v, format: cloudevents, space: s, versions: none }",
      "",
    ],
    ["an encoding nobody knows", `{ ${json}, encoding: §avro }`, "unknown_value"],
    [
      "a replica identity nobody knows",
      "{ topic: t, format: debezium, space: s, id: [id], version: v, replicaIdentity: §index }",
      "unknown_value",
    ],
    ["an outbox with columns", "{ topic: t, format: outbox, space: s, §id: [id], version: header:v }", "unknown_field"],
  ])("%s", (_what, sources, codes) => expectTold(file(sources), codes));

  test("the row before, where the database does not log it", () => {
    const rows = (more: string): string => `{ topic: t, format: debezium, space: s, id: [id], version: v${more} }`;
    expectTold(file(rows(""), ", when: §'has(previous.a)'"), "never_known");
    expectTold(file(rows(", replicaIdentity: full"), ", when: 'has(previous.a)'"), "");
  });
});

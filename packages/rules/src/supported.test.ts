import { expect, test } from "@jest/globals";
import { fixture, marked } from "../tests/fixtures.js";
import { loadRules } from "./load.js";

test("what this release does not run is told with its place, and is no finding", () => {
  const { text, places } = marked(`freshet: 1
sources:
  - { topic: t, format: cloudevents, space: s }
  - { topic: u, format: json, space: s, id: [/id], version: /v }
families:
  a: { key: "a:{id}", ttl: 1h }
  b: { key: "b:{id}", ttl: 1h, entry: { kind: §prefix } }
  c: { key: "{{c{id}}}", ttl: 1h, entry: { kind: §companion, companion: "{{c{id}}}:v" } }
  d: { key: "d:{id}", ttl: 1h, entry: { kind: json, version: v, gate: §true } }
  e: { key: "e:{id}", ttl: 1h, entry: { kind: hash, version: v, gate: true } }
  f: { key: "f:{id}", ttl: 1h, entry: { kind: opaque } }
tags: { g: { key: "g:{id}", kind: swept }, h: { key: "h:{id}", kind: epoch } }
rules:
  - name: r
    source: t
    bust:
      - { family: a, with: { id: "subject" } }
      - { family: a, with: { id: "subject" }, mode: soft }
      - { tag: g, with: { id: "subject" } }
      - { tag: h, with: { id: "subject" } }
`);
  const { rules, findings, unsupported } = loadRules(text);
  expect(findings).toEqual([]);
  expect(rules).not.toBeNull();
  const codes = ["entry", "entry", "gate"];
  expect(unsupported.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(
    codes.map((code, at) => `${places[at]} unsupported_${code}`),
  );
});

test("the sample has some of it", () => {
  expect(loadRules(fixture("sample.yaml")).unsupported.map(({ code }) => code)).toContain("unsupported_entry");
});

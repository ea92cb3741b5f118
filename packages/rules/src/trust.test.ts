import { decodeEvent, type KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { marked, rulesOf } from "../tests/fixtures.js";
import { loadRules } from "./load.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (sources: string): string => `freshet: 1
sources: [${sources}]
families: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: a, bust: [{ family: f, with: { id: "subject" } }] }]
`;

interface Sent {
  readonly type?: string;
  readonly header?: string | null;
  readonly data?: object;
}

function record({ type = "x", header, data = {} }: Sent): KafkaRecord {
  const value = bytes(JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type, subject: "7", freshetversion: "1", data }));
  const headers = header === undefined ? [] : [{ name: "tenant", value: header === null ? null : bytes(header) }];
  return { topic: "t", partition: 0, offset: 0, timestampMs: 0, key: null, value, headers };
}

/** The source that takes the record and what its space and tenant are then, or what else becomes of it. */
function taken(sources: string, sent: Sent): string {
  const decoded = decodeEvent(record(sent), rulesOf(file(sources)).sourcesOf("t"));
  if (decoded.kind === "rejected") return decoded.rejection.reason;
  return decoded.kind === "event" ? `${decoded.event.source} ${decoded.event.space} ${decoded.event.tenant}` : decoded.kind;
}

describe("what a topic is trusted with", () => {
  const source = (name: string, more: string) => `{ name: ${name}, topic: t, format: cloudevents, space: space-${name}, ${more} }`;
  const byTenant = [
    source("a", "tenant: header:tenant, match: { tenants: [acme, shop-*] }"),
    source("b", "tenant: header:tenant, match: { tenants: [zeta], types: [x, y.*] }"),
  ].join(", ");

  test("tenants: the first source that is trusted with the event's takes it, with its own space", () => {
    expect(taken(byTenant, { header: "acme" })).toBe("a space-a acme");
    expect(taken(byTenant, { header: "shop-7" })).toBe("a space-a shop-7");
    expect(taken(byTenant, { header: "zeta" })).toBe("b space-b zeta");
    expect(taken(byTenant, { header: "zeta", type: "y.z" })).toBe("b space-b zeta");
  });

  test.each<Sent>([
    { header: "evil" },
    { header: "acme2" },
    { header: "ACME" },
    { header: "" },
    { header: null },
    {},
    { header: "zeta", type: "z" },
    { data: { tenant: "acme" } },
    { header: "__proto__" },
  ])("tenants: nobody takes %o, and it is dead where somebody is strict", (sent) => {
    expect(taken(byTenant, sent)).toBe("no_match");
    expect(taken(byTenant.replace("space: space-a,", "space: space-a, strict: true,"), sent)).toBe("untrusted");
    expect(taken(byTenant.replace("space: space-b,", "space: space-b, strict: true,"), sent)).toBe("untrusted");
  });

  test("a tenant in the data counts where the source says so, and the header does not", () => {
    const inData = source("a", "tenant: /shop, match: { tenants: [acme] }");
    expect(taken(inData, { data: { shop: "acme" } })).toBe("a space-a acme");
    expect(taken(inData, { data: { shop: "evil" }, header: "acme" })).toBe("no_match");
    expect(taken(inData, { data: { shop: ["acme"] } })).toBe("no_match");
  });

  test("types: what no source names is nobody's", () => {
    const byType = [source("a", "match: { types: [x] }"), source("b", "match: { types: [y.*] }, strict: true")].join(", ");
    expect(taken(byType, {})).toBe("a space-a null");
    expect(taken(byType, { type: "y.z" })).toBe("b space-b null");
    expect(taken(byType, { type: "z" })).toBe("untrusted");
    expect(taken(byType.replace(", strict: true", ""), { type: "z" })).toBe("no_match");
  });

  test("spaces: an event names none, whatever it says", () => {
    expect(taken(source("a", "strict: true"), { data: { space: "space-b" }, header: "space-b" })).toBe("a space-a null");
  });

  test("all of it is part of what the file means", () => {
    const hashes = ["[acme]", "[acme, zeta]"].map(
      (tenants) => rulesOf(file(source("a", `tenant: /t, match: { tenants: ${tenants} }`))).hash,
    );
    expect(new Set(hashes).size).toBe(2);
  });

  test.each([
    ["tenants that nothing tells", `{ name: a, topic: t, format: cloudevents, space: s, match: { tenants: §[x] } }`, "missing_field"],
    ["no tenants at all", `{ name: a, topic: t, format: cloudevents, space: s, tenant: /t, match: { tenants: §[] } }`, "empty"],
    ["a source behind one that takes some tenants", `${byTenant}`, ""],
    [
      "a source behind one that takes all",
      `{ name: a, topic: t, format: cloudevents, space: s, tenant: /t }, §{ name: b, topic: t, format: cloudevents, space: s, tenant: /t, match: { tenants: [x] } }`,
      "never_matches",
    ],
  ])("findings: %s", (_name, sources, code) => {
    const { text, places } = marked(file(sources));
    expect(loadRules(text).findings.map(({ line, column, code: told }) => `${line}:${column} ${told}`)).toEqual(
      code === "" ? [] : [`${places[0]} ${code}`],
    );
  });
});

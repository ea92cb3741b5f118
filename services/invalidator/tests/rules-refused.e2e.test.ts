import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startProcess } from "./service-process.js";

const FRESHET = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "bin", "freshet.mjs");
const MAIN = join(import.meta.dirname, "..", "dist", "main.js");

/** Ten different mistakes. `§` stands right before the place that the finding must name. */
const MARKED = `freshet: 1
bounds: { lease: §5x, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - name: products
    topic: shop.products
    format: cloudevents
    space: catalog.product
    §verisons: counter
  - name: orders
    topic: shop.orders
    format: §cloudevent
    space: orders
families:
  product: { key: "product:{id}", ttl: 24h }
  other: { key: §"product:{sku}", ttl: 24h }
  page: { key: "page:{id}", ttl: 1h, entry: §{ kind: json } }
rules:
  - name: unknown-source
    source: §product
    bust:
      - { family: product, with: { id: "subject" } }
  - name: broken-condition
    source: products
    when: 'data.price !=§'
    bust:
      - { family: product, with: { id: "subject" } }
  - name: unknown-parameter
    source: products
    bust:
      - { family: product, with: { id: "subject", §idd: "subject" } }
  - name: unknown-family
    source: products
    bust:
      - { family: §pages, with: { id: "subject" } }
  - name: §unknown-family
    source: products
    bust:
      - { family: product, with: { id: "subject" } }
`;

/** The file without its marks, and where they were: \`line:column\`, counted from 1. */
function unmarked(): { text: string; places: string[] } {
  const places = MARKED.split("\n").flatMap((line, at) => [...line.matchAll(/§/g)].map(({ index }) => `${at + 1}:${index + 1}`));
  return { text: MARKED.replaceAll("§", ""), places };
}

describe("a rules file with ten different mistakes", () => {
  const { text, places } = unmarked();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "freshet-rules-"));
    await writeFile(join(folder, "rules.yaml"), text);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["freshet run", FRESHET, ["run"]],
    ["the service's own main", MAIN, []],
  ])("%s refuses it with exit code 2 and tells all ten, with line, column and fix", async (_what, file, args) => {
    expect(places).toHaveLength(10);
    const refused = await startProcess({
      file,
      args,
      env: { FRESHET_RULES: join(folder, "rules.yaml"), FRESHET_KAFKA_BROKERS: "127.0.0.1:1", FRESHET_REDIS_URL: "redis://127.0.0.1:1" },
    });
    expect(await refused.exited).toEqual({ code: 2, signal: null });
    const findings = refused
      .output()
      .split("\n")
      .flatMap((line) => [...line.matchAll(/^\s*\S*rules\.yaml:(\d+:\d+) (\w+) (.+) — (.+)$/g)]);
    expect(findings.map(([, place]) => place)).toEqual(places);
    expect(new Set(findings.map(([, , code]) => code)).size).toBe(10);
    for (const [, , , problem, fix] of findings) expect([problem, fix].map((words) => (words ?? "").length > 8)).toEqual([true, true]);
  });
});

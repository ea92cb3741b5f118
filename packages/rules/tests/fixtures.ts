import { readFileSync } from "node:fs";
import type { DomainEvent, Version } from "@freshet/protocol";
import { parseVersion } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "../src/index.js";

/** A file of this folder as text. */
export function fixture(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

export function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`not a version: ${text}`);
  return parsed;
}

/** An event of the sample file's first source, with what a test cares about on top. */
export function event(over: Partial<DomainEvent> = {}): DomainEvent {
  return {
    id: "1",
    space: "catalog.product",
    subject: "42",
    version: version("7"),
    op: "update",
    type: "product.updated",
    source: "products",
    timeUs: null,
    time: "",
    tenant: null,
    data: {},
    previous: {},
    headers: {},
    trace: null,
    ...over,
  };
}

/** Rules that must load; a finding fails the test that asked for them. */
export function rulesOf(text: string): CompiledRules {
  const { rules, findings } = loadRules(text);
  if (rules === null) throw new Error(findings.map(({ line, column, problem }) => `${line}:${column} ${problem}`).join("\n"));
  return rules;
}

/** A file with one source `products`, one family `product: {id}` and these rules. */
export function withRules(rules: string, extra = ""): string {
  return `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, previous: /previous, tenant: header:x-tenant,
      ops: { product.deleted: delete, product.created: create } }
families:
  product: { key: "product:{id}", ttl: 1h }
${extra}rules:
${rules}`;
}

/** One rule that busts `product:{id}`. */
export function oneRule(parts: { readonly when?: string; readonly id?: string; readonly forEach?: string }): CompiledRules {
  const when = parts.when === undefined ? "" : `    when: ${JSON.stringify(parts.when)}\n`;
  const forEach = parts.forEach === undefined ? "" : `, forEach: ${JSON.stringify(parts.forEach)}`;
  const id = JSON.stringify(parts.id ?? "subject");
  return rulesOf(withRules(`  - name: one\n    source: products\n${when}    bust: [{ family: product, with: { id: ${id} }${forEach} }]\n`));
}

/** What a marked text should be told: `§` stands right before the place of each finding. */
export interface Marked {
  readonly text: string;
  readonly places: readonly string[];
}

export function marked(text: string): Marked {
  const pieces = text.split("§");
  const places = pieces.slice(1).map((_, at) => {
    const before = pieces.slice(0, at + 1).join("");
    const line = before.split("\n").length;
    return `${line}:${before.length - before.lastIndexOf("\n")}`;
  });
  return { text: pieces.join(""), places };
}

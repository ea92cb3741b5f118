import type { EntryLayout } from "./workload.ts";

/** The rules file of a run: two rules, each with one `when` on the data and one bust. */
export function rulesText(topic: string, prefix: string, layout: EntryLayout): string {
  const products = layout === "managed" ? "" : ", escape: none, entry: { kind: hash, version: version }";
  const articles = layout === "managed" ? "" : ", escape: none, entry: { kind: json, version: version }";
  return `freshet: 1
sources:
  - { name: products, topic: ${topic}, format: cloudevents, space: catalog.product, previous: /previous, match: { types: ["product.*"] } }
  - { name: articles, topic: ${topic}, format: cloudevents, space: content.article, previous: /previous, match: { types: ["article.*"] } }
families:
  product: { key: "${prefix}p:{id}", ttl: 1h${products} }
  article: { key: "${prefix}a:{id}", ttl: 1h${articles} }
rules:
  - { name: product-changed, source: products, types: [product.updated], when: "data.price != previous.price", bust: [{ family: product, with: { id: "subject" } }] }
  - { name: article-changed, source: articles, types: [article.updated], when: "data.price != previous.price", bust: [{ family: article, with: { id: "subject" } }] }
`;
}

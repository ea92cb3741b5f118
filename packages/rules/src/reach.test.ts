import { describe, expect, test } from "@jest/globals";
import { loadRules } from "./load.js";

const { rules } = loadRules(`freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  page: { key: "page:{id}:{lang}", ttl: 1h }
  pair: { key: "pair:{a}x{b}", escape: none, ttl: 1h }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - name: changed
    source: products
    types: [product.updated]
    ops: [update, delete]
    when: 'data.price > 5'
    bust:
      - { family: page, forEach: "data.langs", with: { lang: "item", id: "subject" } }
      - { tag: brand, with: { id: "data.brandId" }, mode: soft }
`);
if (rules === null) throw new Error("the rules have findings");

describe("the reach of a rule", () => {
  test("is what it may bust and when, in the words of the file", () => {
    expect(rules.reaches).toEqual([
      {
        rule: "changed",
        source: "products",
        topic: "shop.products",
        space: "catalog.product",
        types: ["product.updated"],
        ops: ["update", "delete"],
        when: "data.price > 5",
        targets: [
          {
            family: "page",
            tag: null,
            mode: "hard",
            forEach: "data.langs",
            with: new Map([
              ["id", "subject"],
              ["lang", "item"],
            ]),
          },
          { family: null, tag: "brand", mode: "soft", forEach: null, with: new Map([["id", "data.brandId"]]) },
        ],
      },
    ]);
  });
});

describe("the parameters of a key", () => {
  test.each([
    ["page", "page:4%3A2:de", [{ id: "4:2", lang: "de" }]],
    ["page", "page:42", []],
    ["pair", "pair:1x2", [{ a: "1", b: "2" }]],
    [
      "pair",
      "pair:1x2x3",
      [
        { a: "1x2", b: "3" },
        { a: "1", b: "2x3" },
      ],
    ],
  ])("family %s, key %s", (family, key, expected) => {
    const found = rules.families.get(family)?.valuesOf(key) ?? [];
    expect(found.map((values) => Object.fromEntries(values))).toEqual(expected);
  });
});

import type { ProduceRecord } from "@freshet/kafka";
import { type BadInput, CANARY, type Edit } from "./bad-input-lines.ts";

/** The rules that bad records are held against: each source has its own topic, named like it. */
export const BAD_INPUT_RULES = `freshet: 1
limits: { keysPerEvent: 1000 }
sources:
  - { name: ce, topic: ce, format: cloudevents, space: p, previous: /previous, tenant: "header:x-tenant",
      ops: { product.deleted: delete }, match: { types: ["product.*"] }, strict: true }
  - { name: binary, topic: binary, format: cloudevents, space: p, tombstones: delete, match: { types: ["product.*"] } }
  - { name: rows, topic: rows, format: debezium, space: r, id: [id], version: version, replicaIdentity: full }
  - { name: outbox, topic: outbox, format: outbox, space: o, version: "header:version" }
  - { name: docs, topic: docs, format: json, space: d, id: [/id], version: /rev, type: /kind, tombstones: delete }
  - { name: moments, topic: moments, format: json, space: m, versions: timestamp, id: [/id], version: /at, time: /at }
families:
  page: { key: "page:{id}", ttl: 1h }
  pair: { key: "pair:{a}:{b}", ttl: 1h }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: page, source: ce, types: [product.changed, product.deleted], bust: [{ family: page, with: { id: subject } }] }
  - { name: list, source: ce, types: [product.listed], bust: [{ family: page, forEach: "data.ids", with: { id: item } }] }
  - { name: tags, source: ce, types: [product.tagged], bust: [{ tag: brand, forEach: "data.ids", with: { id: item } }] }
  - { name: pair, source: ce, types: [product.paired], bust: [{ family: pair, with: { a: data.a, b: data.b } }] }
  - { name: mine, source: ce, types: [product.owned], bust: [{ family: pair, with: { a: tenant, b: subject } }] }
  - { name: header, source: ce, types: [product.headed], bust: [{ family: page, with: { id: "headers['x-id']" } }] }
  - { name: when, source: ce, types: [product.priced], when: 'data.price > 5 && data.name.startsWith("a")',
      bust: [{ family: page, with: { id: data.a.b.id } }] }
  - { name: loop, source: ce, types: [product.looped], when: "data.a.exists(x, data.b.exists(y, x == y))",
      bust: [{ family: page, with: { id: subject } }] }
  - { name: same, source: ce, types: [product.same], when: "data.a == data.b", bust: [{ family: page, with: { id: subject } }] }
  - { name: binary, source: binary, bust: [{ family: page, with: { id: subject } }] }
  - { name: rows, source: rows, bust: [{ family: page, with: { id: subject } }] }
  - { name: outbox, source: outbox, bust: [{ family: page, with: { id: subject } }] }
  - { name: docs, source: docs, bust: [{ family: page, with: { id: subject } }] }
  - { name: moments, source: moments, bust: [{ family: page, with: { id: subject } }] }
`;
export const BAD_INPUT_TOPICS = ["ce", "binary", "rows", "outbox", "docs", "moments"] as const;

/** A JSON document as its members in order, so that some can be there twice, and the bytes of each can be anything. */
type Member = [name: string, value: Buffer | Member[]];

interface Good {
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

const structured = { specversion: "1.0", id: `1-${CANARY}`, source: `/${CANARY}`, type: "product.changed", subject: "42" };
const good: Readonly<Record<(typeof BAD_INPUT_TOPICS)[number], Good>> = {
  ce: {
    key: CANARY,
    headers: {},
    value: JSON.stringify({ ...structured, freshetversion: "7", data: { canary: CANARY, price: 7, name: "abc", previous: { price: 6 } } }),
  },
  binary: {
    key: CANARY,
    headers: {
      ...Object.fromEntries(Object.entries(structured).map(([name, value]) => [`ce_${name}`, value])),
      ce_freshetversion: "7",
      "content-type": "application/json",
    },
    value: JSON.stringify({ canary: CANARY }),
  },
  rows: {
    key: '{"id":42}',
    headers: {},
    value: JSON.stringify({
      op: "u",
      source: { schema: "public", table: "product", ts_ms: 1 },
      before: { id: 42, version: 6, name: CANARY },
      after: { id: 42, version: 7, name: CANARY },
    }),
  },
  outbox: {
    key: "42",
    headers: { id: `1-${CANARY}`, eventType: "product.changed", version: "7" },
    value: JSON.stringify({ canary: CANARY }),
  },
  docs: { key: CANARY, headers: {}, value: JSON.stringify({ id: 42, rev: 7, kind: "product.changed", canary: CANARY }) },
  moments: { key: CANARY, headers: {}, value: JSON.stringify({ id: 42, at: "2026-01-01T00:00:00Z", canary: CANARY }) },
};

/** The record of a line: the good one of its source with the line's edits, the canary in a header, and its place. */
export function badRecord({ place, source, edits }: BadInput): ProduceRecord {
  if (!(source in good)) throw new Error(`${place}: there is no source ${source}`);
  const from = good[source as keyof typeof good];
  let key: Buffer | null = from.key === null ? null : Buffer.from(from.key);
  let headers = Object.entries(from.headers).map(([name, value]) => ({ name, value: Buffer.from(value) as Buffer | null }));
  let value: Buffer | null | undefined;
  const members = membersOf(JSON.parse(from.value));
  for (const edit of edits) {
    const { name, bytes } = edit;
    const header = /^-?header\.(.+)$/.exec(name)?.[1];
    if (name === "key") key = bytes;
    else if (name === "value") value = bytes;
    else if (header !== undefined) {
      if (name.startsWith("-")) headers = headers.filter((one) => one.name !== header);
      else headers.push(...headersOf(header, bytes));
    } else editMember(members, edit);
  }
  const last = { name: `x-place-${CANARY}`, value: Buffer.from(place) };
  return { topic: source, key, headers: [...headers, last], value: value === undefined ? bytesOf(members) : value };
}

/** `name*1000` is a thousand headers. */
function headersOf(text: string, value: Buffer | null): { name: string; value: Buffer | null }[] {
  const [name = "", count = "1"] = text.split("*");
  return Array.from({ length: Number(count) }, () => ({ name: decodeURIComponent(name), value }));
}

function editMember(members: Member[], { name, bytes }: Edit): void {
  const [, sign = "", path = ""] = /^([-+]?)(.*)$/.exec(name) ?? [];
  const steps = path.split(".");
  const own = decodeURIComponent(steps.pop() ?? "");
  let at = members;
  for (const step of steps) {
    const inside = at.find(([known]) => known === step)?.[1];
    if (!Array.isArray(inside)) throw new Error(`${name}: there is no ${step}`);
    at = inside;
  }
  const known = at.findIndex(([member]) => member === own);
  const given: Member = [own, bytes ?? Buffer.from("null")];
  if (sign === "-") at.splice(known, 1);
  else if (sign === "+" || known < 0) at.push(given);
  else at[known] = given;
}

function membersOf(object: object): Member[] {
  return Object.entries(object).map(([name, value]): Member => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return [name, isObject ? membersOf(value) : Buffer.from(JSON.stringify(value))];
  });
}

function bytesOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(([name, value], at) => [
    Buffer.from(`${at === 0 ? "" : ","}${JSON.stringify(name)}:`),
    Buffer.isBuffer(value) ? value : bytesOf(value),
  ]);
  return Buffer.concat([Buffer.from("{"), ...parts, Buffer.from("}")]);
}

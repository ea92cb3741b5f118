import { parseVersion } from "@freshet/protocol";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type MemoryWorld, openMemoryWorld } from "../../tests/memory-world.js";
import { NOW_MS, transcript } from "../../tests/transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  listing: { key: "listing:{brand}:{page}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] }
  cart: { key: "{{u{id}}}:cart", ttl: 1h, entry: { kind: companion, companion: "{{u{id}}}:cart:v" } }
tags:
  brand: { key: "brand:{id}", kind: swept }
  tenant: { key: "tenant:{id}", kind: epoch }
rules:
  - { name: any, source: products, bust: [{ tag: brand, with: { id: subject } }, { tag: tenant, with: { id: subject } }] }
`;

let store: MemoryWorld["store"];
let world: MemoryWorld["world"];
beforeEach(async () => {
  ({ store, world } = await openMemoryWorld(RULES, ["freshet.audit.default"]));
});

const of = (version: string) => ["--space", "catalog.product", "--subject", "42", "--version", version];
const brand = ["bust", "--tag", "brand:acme"];

async function fill(page: number): Promise<void> {
  const version = parseVersion("3");
  const key = `listing:acme:${page}`;
  await store.seed.putManaged(key, { value: "v", deps: version === null ? new Map() : new Map([["catalog.product/42", version]]) });
  await store.indexAdd({ tag: "brand:acme", key, fillTimeUs: NOW_MS * 1000, keepMs: 60_000, floorTtlMs: 9250, skewMs: 250 });
}

describe("bust --tag", () => {
  test("without --yes it only shows what it would do: 4", async () => {
    const { code, out, talk } = await transcript(brand, world);
    expect({ code, out }).toEqual({ code: 4, out: ["brand:acme: would be busted, and its index walked (blind)"] });
    expect(talk[0]).toBe("FR1005 nothing was changed: this was a preview");
    expect(await store.pendingSweeps()).toEqual([]);
  });

  test("with --yes the tag has its floor and waits for a walk; the second time nothing", async () => {
    await fill(1);
    const done = await transcript([...brand, ...of("7"), "--mode", "soft", "--yes"], world);
    const walks = "busted; a running invalidator walks its index and marks stale what is older";
    expect(done).toEqual({ code: 0, out: [`brand:acme: ${walks} (catalog.product/42 version 7)`], talk: [] });
    expect(await store.inspectTag("brand:acme")).toMatchObject({
      next: [{ subject: "catalog.product/42", version: "7", mode: "soft" }],
      floors: [{ subject: "catalog.product/42", version: "7" }],
    });
    expect((await store.pendingSweeps()).map(({ tag }) => tag)).toEqual(["brand:acme"]);
    const again = await transcript([...brand, ...of("7"), "--mode", "soft", "--yes", "--json"], world);
    expect(JSON.parse(again.out[0] ?? "")).toEqual({
      tag: "brand:acme",
      name: "brand",
      kind: "swept",
      subject: "catalog.product/42",
      version: "7",
      mode: "soft",
      outcome: "covered",
      applied: true,
    });
  });

  test("of an epoch bumps it", async () => {
    const { code, out } = await transcript(["bust", "--tag", "tenant:eu", "--yes"], world);
    expect({ code, out }).toEqual({ code: 0, out: ["tenant:eu: busted: its entries count as not there (blind)"] });
    expect((await store.inspectTag("tenant:eu")).epoch).not.toBeNull();
  });

  test("FRESHET_MODE=observe allows the preview only", async () => {
    const observing = { ...world, env: { FRESHET_MODE: "observe" } };
    expect((await transcript([...brand, "--yes"], observing)).talk[0]).toBe("FR1005 FRESHET_MODE=observe allows no writes");
    expect(await store.pendingSweeps()).toEqual([]);
  });

  test.each([
    [["bust", "--tag", "brand:a:b"], "FR1001 no tag of the rules file makes this one"],
    [["bust", "--tag", "brands:acme"], "FR1001 no tag of the rules file makes this one"],
    [["bust", "--tag", ""], "FR1001 no tag of the rules file makes this one"],
    [[...brand, "--key", "listing:a:1"], "FR1001 --tag does not go with --key and --family"],
    [[...brand, "--version", "7"], "FR1001 --version needs --space and --subject"],
    [[...brand, "--mode", "purge"], "FR1001 --mode is neither hard nor soft"],
  ])("%j is refused with 2", async (argv, problem) => {
    const { code, out, talk } = await transcript([...argv, "--yes"], world);
    expect({ code, out, problem: talk[0] }).toEqual({ code: 2, out: [], problem });
    expect(await store.pendingSweeps()).toEqual([]);
  });

  test("the fix names the tags there are", async () => {
    const { talk } = await transcript(["bust", "--tag", "acme"], world);
    expect(talk[1]).toBe("  fix: Write the tag as rules make it, from the key of one of: brand (id), tenant (id).");
  });
});

describe("get --tag", () => {
  test("shows index, floors and what waits for a walk", async () => {
    await fill(1);
    await fill(2);
    await transcript([...brand, ...of("7"), "--yes"], world);
    const { code, out } = await transcript(["get", "--tag", "brand:acme"], world);
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        "tag         brand:acme",
        "declared    brand, swept",
        "index       2 members",
        "floor       catalog.product/42 7 hard, raised 2026-01-01T00:00:00.000Z",
        "pending     catalog.product/42 7 hard, raised 2026-01-01T00:00:00.000Z",
      ],
    });
  });

  test("shows the walk under way, and not its id", async () => {
    await fill(1);
    await transcript([...brand, ...of("7"), "--yes"], world);
    await store.claimSweep("brand:acme", { id: "a-secret-id", holdMs: 10_000 });
    const { out } = await transcript(["get", "--tag", "brand:acme"], world);
    expect(out.slice(-2)).toEqual([
      "walk        at its start, held until 2026-01-01T00:00:10.000Z",
      "walked for  catalog.product/42 7 hard, raised 2026-01-01T00:00:00.000Z",
    ]);
    const { out: json } = await transcript(["get", "--tag", "brand:acme", "--json"], world);
    expect(json.join("")).not.toContain("a-secret-id");
    expect(JSON.parse(json[0] ?? "")).toMatchObject({
      tag: "brand:acme",
      declared: [{ name: "brand", kind: "swept" }],
      indexSize: 1,
      next: [],
      sweep: { cursor: null, busts: [{ subject: "catalog.product/42", version: "7", mode: "hard" }] },
      epoch: null,
    });
  });

  test("shows an epoch, and makes none by looking", async () => {
    const look = () => transcript(["get", "--tag", "tenant:eu"], world);
    const none = ["tag         tenant:eu", "declared    tenant, epoch", "epoch       none yet: nobody has read or busted it"];
    expect((await look()).out).toEqual(none);
    expect((await look()).out).toEqual(none);
    await transcript(["bust", "--tag", "tenant:eu", "--yes"], world);
    expect((await look()).out[2]).toMatch(/^epoch {7}\d+, hard \d+, \d+ ms old$/);
  });

  test.each([[["get"]], [["get", "listing:acme:1"]], [["get", "listing:acme:1", "--tag", "brand:acme"]]])("%j: 2", async (argv) => {
    const { code, talk } = await transcript(argv, world);
    expect({ code, problem: talk[0] }).toEqual({ code: 2, problem: "FR1001 a key with --family is needed, or --tag alone" });
  });
});

test("get KEY shows tags, epochs, encoding, times, and an entry that nobody sees yet; the tokens stay untold", async () => {
  const epochs = await store.epochs([{ tag: "tenant:eu", skewMs: 1 }]);
  const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 7250, staleTtlMs: 60_000 } as const;
  const key = "listing:acme:1";
  const token = "a-secret-token";
  const read = await store.read(key, entry, [{ tag: "tenant:eu", skewMs: 1 }]);
  await store.lease({ key, entry, token, epochs: read.epochs, leaseTtlMs: 5000 });
  const leased = await transcript(["get", key, "--family", "listing"], world);
  expect(leased.out).toContain("lease       from 2026-01-01T00:00:00.000Z until 2026-01-01T00:00:05.000Z");
  await store.fill({
    ...{ key, entry, token, epochs: read.epochs, value: Buffer.from("{}"), encoding: "application/json", tags: ["brand:acme"] },
    ...{ deps: new Map(), primaryRead: false, freshMs: 1000, keepMs: 60_000, readLagMs: 0, provisionalMs: 2000 },
  });
  const { code, out } = await transcript(["get", key, "--family", "listing"], world);
  expect(code).toBe(0);
  expect(out.slice(2)).toEqual([
    "value       2 bytes",
    "encoding    application/json",
    "tag         brand:acme",
    `epoch       tenant:eu ${epochs.get("tenant:eu")?.generation}`,
    "loaded      2026-01-01T00:00:00.000Z",
    "fresh until 2026-01-01T00:00:01.000Z",
    "keep until  2026-01-01T00:01:00.000Z",
    "provisional nobody sees it yet; gone at 2026-01-01T00:00:02.000Z",
    expect.stringMatching(/^ttl {9}\d+ ms$/),
  ]);
  const { out: json } = await transcript(["get", key, "--family", "listing", "--json"], world);
  expect(json.join("")).not.toContain(token);
  expect(JSON.parse(json[0] ?? "")).toMatchObject({ epochs: { "tenant:eu": epochs.get("tenant:eu")?.generation }, tags: ["brand:acme"] });
});

test("bust --key --mode soft marks a managed entry stale, and get shows since when", async () => {
  await fill(1);
  const busted = await transcript(["bust", "--key", "listing:acme:1", "--family", "listing", "--mode", "soft", "--yes"], world);
  expect(busted.out).toEqual(["listing:acme:1: marked stale (blind)"]);
  const { out } = await transcript(["get", "listing:acme:1", "--family", "listing"], world);
  expect(out).toContain("softened    stale since 2026-01-01T00:00:00.000Z, served until 2026-01-01T00:01:00.000Z");
});

test("bust --key of a companion family finds the key of the version", async () => {
  const seen: unknown[] = [];
  const preview = async (busts: readonly object[]) => {
    seen.push(...busts);
    return ["absent" as const];
  };
  await transcript(["bust", "--key", "{u7}:cart", "--family", "cart"], { ...world, store: { ...store, preview } });
  expect(seen).toMatchObject([{ key: "{u7}:cart", versionKey: "{u7}:cart:v" }]);
});

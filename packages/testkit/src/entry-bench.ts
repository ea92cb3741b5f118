import type { EntrySpec } from "@freshet/protocol";
import type { FillRequest, LeaseRequest, SetRequest } from "@freshet/store";
import { depsOf, entries } from "./store-bench.js";

/** L, R and P of the requests below, in milliseconds. */
export const loadBounds = { leaseTtlMs: 5_000, readLagMs: 1_000, provisionalMs: 5_000 } as const;

/** The managed entries below; a softened one may be served for a minute. */
export const managed: EntrySpec = { ...entries.managed, staleTtlMs: 60_000 };

export function leaseOf(key: string, change: Partial<LeaseRequest> = {}): LeaseRequest {
  return { key, entry: managed, token: "t1", epochs: new Map(), leaseTtlMs: loadBounds.leaseTtlMs, ...change };
}

/** By default a value of version 5 of the subject that `bustOf` takes. */
export function fillOf(key: string, change: Partial<FillRequest> = {}): FillRequest {
  return {
    key,
    entry: managed,
    token: "t1",
    value: Buffer.from("page"),
    encoding: "",
    deps: depsOf("5"),
    tags: [],
    epochs: new Map(),
    primaryRead: false,
    freshMs: null,
    keepMs: 60_000,
    readLagMs: loadBounds.readLagMs,
    provisionalMs: loadBounds.provisionalMs,
    ...change,
  };
}

/** One entry spec with a gate of each kind that existing services write. */
export const gated = {
  hash: entries.gatedHash,
  json: { ...entries.json, gate: true },
  prefix: { ...entries.opaque, kind: "prefix", gate: true },
  companion: { ...entries.opaque, kind: "companion", gate: true },
} as const satisfies Record<string, EntrySpec>;
export type GatedKind = keyof typeof gated;

/** A write of an entry of an existing service with this version. */
export function setOf(kind: GatedKind, key: string, change: Partial<SetRequest> & { readonly digits?: string } = {}): SetRequest {
  const { digits = "5", ...rest } = change;
  const version = depsOf(digits).get("catalog.product/1");
  if (version === undefined) throw new Error("no version");
  return {
    key,
    ...(kind === "companion" ? { versionKey: `{${key}}:version` } : {}),
    entry: gated[kind],
    token: null,
    content: kind === "hash" ? new Map([["body", "page"]]) : Buffer.from(kind === "json" ? `{"version":"${digits}"}` : "page"),
    subject: "catalog.product/1",
    version,
    keepMs: 60_000,
    primaryRead: false,
    readLagMs: loadBounds.readLagMs,
    ...rest,
  };
}

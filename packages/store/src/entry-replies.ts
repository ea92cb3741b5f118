import { type Fields, FreshetError, managedFields, parseVersion, type Version } from "@freshet/protocol";
import { brokenBounds } from "./entry-requests.js";
import { storedValue } from "./managed-entry.js";
import type { FillReply, FillRequest, LeaseReply, SetReply, SetRequest, StoredValue } from "./port.js";

const fieldsOfRead = [managedFields.deps, managedFields.softened, managedFields.provisional, managedFields.epochs, managedFields.tags];

/** What `read.lua` answered: the fields of an entry as text, its value as bytes, and the time of that Redis. */
export interface RawEntry {
  readonly atUs: number;
  /** Without the value; `undefined` when there is no hash. */
  readonly fields: Fields | undefined;
  readonly value: Buffer | null;
}

/** @throws FreshetError FR2005 (`halt`), as everything here, for a reply that no script of ours gives. */
export function parseRead(reply: unknown): RawEntry {
  const { atUs, rest } = partsOf(reply, "read", 1 + 1 + fieldsOfRead.length);
  const [value = null, ...texts] = rest;
  const fields = new Map<string, string>();
  for (const [at, name] of fieldsOfRead.entries()) {
    const text = texts[at];
    if (text !== undefined && text !== null) fields.set(name, text.toString());
  }
  if (value !== null) fields.set(managedFields.value, "");
  return { atUs, fields: fields.size === 0 ? undefined : fields, value };
}

/** Parts of a lease's reply before what a load must have at least. */
const LEASE_PARTS = 6;

/** Every outcome of `lease.lua`, and of `lease-gated.lua`, which leaves out what was stored. */
export function parseLease(reply: unknown): LeaseReply {
  const { atUs, rest } = partsOf(reply, "lease");
  if (rest.length < LEASE_PARTS - 1 || rest.length % 2 === 0) throw unknownReply("lease", "not as many parts as it names");
  const [outcome, detail] = rest.slice(0, 2).map((part) => part?.toString() ?? "");
  const stored = storedOf(rest.slice(2, 5), atUs);
  switch (outcome) {
    case "hit":
      return { outcome, stored, atUs };
    case "foreign":
      return { outcome, stored: null, atUs };
    case "leased":
    case "stale_leased":
      return { outcome, stored, leaseStartUs: numberOf(detail, "lease"), min: minOf(rest.slice(5)), atUs };
    case "busy":
    case "stale_busy":
      return { outcome, stored, waitMs: numberOf(detail, "lease"), atUs };
    default:
      throw unknownReply("lease", "an unknown outcome");
  }
}

/** The floors and the lease of a fill that its slot left in the middle; `null` for every other reply of it. */
export function parseMoved(reply: unknown): Buffer | null {
  const { rest } = partsOf(reply, "fill", 3);
  const [outcome, marks = null] = rest;
  return outcome?.toString() === "moved" ? marks : null;
}

/** @throws FreshetError FR1006 (`usage`) as well, for F < L + R. */
export function parseFill(reply: unknown, request: FillRequest): FillReply {
  const { atUs, rest } = partsOf(reply, "fill", 3);
  const [outcome, detail] = rest.map((part) => part?.toString() ?? "");
  if (outcome === "filled") return { outcome, leaseStartUs: numberOf(detail, "fill"), atUs };
  if (outcome === "lease_lost" || outcome === "floor" || outcome === "epoch" || outcome === "older") {
    return { outcome: "refused", reason: outcome };
  }
  if (outcome === "bounds") throw brokenBounds(request);
  throw unknownReply("fill", "an unknown outcome");
}

/** The outcome of `promote.lua` or `drop.lua`. */
export function parseStep<T extends "promoted" | "dropped">(reply: unknown, done: T): T | "gone" {
  const outcome = partsOf(reply, "promote or drop", 2).rest[0]?.toString();
  if (outcome === done || outcome === "gone") return outcome === done ? done : "gone";
  throw unknownReply("promote or drop", "an unknown outcome");
}

/** @throws FreshetError FR1006 (`usage`) as well, for F < L + R. */
export function parseSet(reply: unknown, request: SetRequest): SetReply {
  const outcome = partsOf(reply, "set-if-newer", 2).rest[0]?.toString();
  if (outcome === "stored") return { outcome };
  if (outcome === "lease_lost" || outcome === "floor" || outcome === "older" || outcome === "foreign") {
    return { outcome: "refused", reason: outcome };
  }
  if (outcome === "bounds") throw brokenBounds(request);
  throw unknownReply("set-if-newer", "an unknown outcome");
}

function storedOf([value = null, deps = null, tags = null]: readonly (Buffer | null)[], atUs: number): StoredValue | null {
  if (value === null) return null;
  const fields = new Map([[managedFields.deps as string, deps?.toString() ?? ""]]);
  if (tags !== null) fields.set(managedFields.tags, tags.toString());
  return storedValue(fields, value, atUs);
}

function minOf(parts: readonly (Buffer | null)[]): ReadonlyMap<string, Version> {
  const min = new Map<string, Version>();
  for (let at = 0; at < parts.length; at += 2) {
    const version = parseVersion(parts[at + 1]?.toString() ?? "");
    if (version === null) throw unknownReply("lease", "a version that is none");
    min.set(parts[at]?.toString() ?? "", version);
  }
  return min;
}

/** @param count of its parts, where it does not vary */
function partsOf(reply: unknown, script: string, count?: number): { atUs: number; rest: readonly (Buffer | null)[] } {
  if (!Array.isArray(reply)) throw unknownReply(script, "no list");
  if (count !== undefined && reply.length !== count) throw unknownReply(script, "not as many parts as it names");
  const parts = reply.map((part: unknown) => {
    if (part !== null && !Buffer.isBuffer(part)) throw unknownReply(script, "something that is no text");
    return part;
  });
  return { atUs: numberOf(parts[0]?.toString(), script), rest: parts.slice(1) };
}

function numberOf(digits: string | undefined, script: string): number {
  if (digits === undefined || !/^\d{1,16}$/.test(digits)) throw unknownReply(script, "no time");
  return Number(digits);
}

function unknownReply(script: string, what: string): FreshetError {
  const problem = `The ${script} script answered ${what}.`;
  return new FreshetError("FR2005", "halt", problem, "Check what stands between Freshet and Redis; report it.");
}

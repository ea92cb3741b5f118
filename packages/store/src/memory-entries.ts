import {
  drop,
  type EntryState,
  encodeDeps,
  encodeEpochs,
  encodeProvisional,
  encodeTags,
  type FillArguments,
  fill,
  lease,
  managedFields,
  promote,
  readable,
  setIfNewer,
} from "@freshet/protocol";
import { brokenBounds, checkFill, checkLease, checkRead, checkStep } from "./entry-requests.js";
import { readerState, storedValue } from "./managed-entry.js";
import { leaseGated, setGated } from "./memory-gated.js";
import { putMarks } from "./memory-keys.js";
import type { Keyspace, StoredKey } from "./memory-keyspace.js";
import { liveMarks, marksEndMs, marksKey } from "./memory-marks.js";
import type { EntryPort, FillReply, FillRequest, LeaseReply, LeaseRequest, StoredValue, TagPort } from "./port.js";

/** The steps of `decide-fill.ts`. A test that takes a safety line out of one gives its own. */
const entrySteps = { readable, lease, fill, promote, drop, setIfNewer } as const;
export type EntrySteps = typeof entrySteps;

/** The steps of readers and loaders in memory, on entries as Redis holds them. */
export function memoryEntries(
  keys: Keyspace,
  { epochs, steps = entrySteps }: Pick<TagPort, "epochs"> & { readonly steps?: EntrySteps },
): EntryPort {
  return {
    read: async (key, entry, epochTags) => {
      checkRead(key, entry, epochTags);
      const current = await epochs(epochTags);
      const held = hold(keys, key);
      const found = steps.readable(held.state, { epochs: current, nowUs: held.nowUs });
      return { found, stored: found === "none" ? null : storedOf(held), epochs: current, atUs: held.nowUs };
    },
    lease: async (request) =>
      request.entry.kind === "managed" ? leaseKey({ keys, steps }, request) : leaseGated({ keys, steps }, request),
    fill: async (request) => fillKey({ keys, steps }, request),
    promote: async (key, entry, token) => {
      checkStep(key, entry, token);
      const { state, stored, nowUs } = hold(keys, key);
      const step = steps.promote(state, { token, nowUs });
      if (step.write === null || stored === undefined || typeof stored.content === "string") return step.outcome;
      const content = new Map(stored.content);
      content.delete(managedFields.provisional);
      keys.set(key, { ...stored, content });
      return step.outcome;
    },
    drop: async (key, entry, token) => {
      checkStep(key, entry, token);
      const held = hold(keys, key);
      const step = steps.drop(held.state, { token });
      if (step.write !== null) keys.set(key, marksKey(liveMarks(step.write, { entry, nowUs: held.nowUs }), entry));
      return step.outcome;
    },
    setIfNewer: async (request) => setGated({ keys, steps }, request),
  };
}

/** Where a step is done, and by which functions. */
interface Place {
  readonly keys: Keyspace;
  readonly steps: EntrySteps;
}

/** A key as one step sees it. */
interface Held {
  readonly stored: StoredKey | undefined;
  readonly state: EntryState;
  readonly nowUs: number;
}

function hold(keys: Keyspace, key: string): Held {
  const nowUs = keys.nowUs();
  const stored = keys.get(key);
  return { stored, state: readerState(stored?.content, nowUs), nowUs };
}

function storedOf({ stored, nowUs }: Held): StoredValue | null {
  if (stored === undefined || typeof stored.content === "string") return null;
  return storedValue(stored.content, Buffer.from(stored.content.get(managedFields.value) ?? "", "latin1"), nowUs);
}

function leaseKey({ keys, steps }: Place, request: LeaseRequest): LeaseReply {
  checkLease(request);
  const { key, entry } = request;
  const held = hold(keys, key);
  const { state, nowUs } = held;
  const step = steps.lease(state, { ...request, floorTtlMs: entry.floorTtlMs, nowUs });
  if (step.outcome === "foreign") return { outcome: step.outcome, stored: null, atUs: nowUs };
  const isServed = step.outcome !== "leased" && step.outcome !== "busy";
  const common = { stored: isServed ? storedOf(held) : null, atUs: nowUs };
  switch (step.outcome) {
    case "hit":
      return { outcome: step.outcome, ...common };
    case "busy":
    case "stale_busy":
      return { outcome: step.outcome, waitMs: step.waitMs, ...common };
    default: {
      const { outcome, write, min } = step;
      if (write !== state.lease) putMarks(keys, request, { ...liveMarks(state, { entry, nowUs }), lease: write });
      return { outcome, min, leaseStartUs: write.startUs, ...common };
    }
  }
}

function fillKey({ keys, steps }: Place, request: FillRequest): FillReply {
  checkFill(request);
  const { key, entry } = request;
  const held = hold(keys, key);
  const args: FillArguments = {
    ...request,
    provisionalMs: request.tags.length === 0 ? null : request.provisionalMs,
    floorTtlMs: entry.floorTtlMs,
    nowUs: held.nowUs,
  };
  const step = steps.fill(held.state, args);
  if (step.outcome === "refused") {
    if (step.reason === "bounds") throw brokenBounds(request);
    if (step.write !== null) putMarks(keys, request, { ...liveMarks(held.state, { entry, nowUs: held.nowUs }), lease: null });
    return { outcome: step.outcome, reason: step.reason };
  }
  const endUs = Math.max(step.write.keepUntilUs ?? 0, step.write.provisional?.deadlineUs ?? 0);
  const expireAtMs = Math.max(Math.ceil(endUs / 1000), marksEndMs(step.write, entry));
  keys.set(key, { content: fieldsOf(step.write, request), expireAtMs });
  return { outcome: step.outcome, leaseStartUs: step.leaseStartUs, atUs: held.nowUs };
}

/** A filled entry as it lies in Redis; the bytes of the value are one character each. */
function fieldsOf(state: EntryState, { value, encoding, deps, tags }: FillRequest): ReadonlyMap<string, string> {
  const fields = new Map<string, string>([
    [managedFields.deps, encodeDeps(deps, { ...state, encoding }, state)],
    [managedFields.value, value.toString("latin1")],
  ]);
  if (state.provisional !== null) fields.set(managedFields.provisional, encodeProvisional(state.provisional));
  if (state.epochs.size > 0) fields.set(managedFields.epochs, encodeEpochs(state.epochs));
  if (tags.length > 0) fields.set(managedFields.tags, encodeTags(tags));
  return fields;
}

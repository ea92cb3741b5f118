import { encodeMarks, gateField, type lease, type Marks, type setIfNewer } from "@freshet/protocol";
import { brokenBounds, checkLease, checkSet } from "./entry-requests.js";
import { putMarks, readEntry } from "./memory-keys.js";
import type { Keyspace } from "./memory-keyspace.js";
import { liveMarks, marksEndMs } from "./memory-marks.js";
import type { LeaseReply, LeaseRequest, SetReply, SetRequest } from "./port.js";

/** Where a step is done, and by which functions. */
interface Place {
  readonly keys: Keyspace;
  readonly steps: { readonly lease: typeof lease; readonly setIfNewer: typeof setIfNewer };
}

/** The lease of an entry that an existing service reads and writes itself. */
export function leaseGated({ keys, steps }: Place, request: LeaseRequest): LeaseReply {
  checkLease(request);
  const { entry } = request;
  const nowUs = keys.nowUs();
  const state = readEntry(keys, request, { subject: null, nowUs });
  const step = steps.lease(state, { ...request, epochs: new Map(), floorTtlMs: entry.floorTtlMs, nowUs });
  if (step.outcome === "hit" || step.outcome === "foreign") return { outcome: step.outcome, stored: null, atUs: nowUs };
  if ("waitMs" in step) return { outcome: step.outcome, stored: null, waitMs: step.waitMs, atUs: nowUs };
  const { outcome, write, min } = step;
  if (write !== state.lease) putMarks(keys, request, { ...liveMarks(state, { entry, nowUs }), lease: write });
  return { outcome, stored: null, min, leaseStartUs: write.startUs, atUs: nowUs };
}

/** Writes such an entry, unless a floor or what is there is newer; its lease is given up either way. */
export function setGated({ keys, steps }: Place, request: SetRequest): SetReply {
  checkSet(request);
  const { entry, token } = request;
  const nowUs = keys.nowUs();
  const state = readEntry(keys, request, { subject: null, nowUs });
  const step = steps.setIfNewer(state, { ...request, floorTtlMs: entry.floorTtlMs, nowUs });
  const reason = step.outcome === "refused" ? step.reason : null;
  if (reason === "bounds") throw brokenBounds(request);
  if (reason === "lease_lost") return { outcome: "refused", reason };
  const live = liveMarks(state, { entry, nowUs });
  const marks = { ...live, lease: token === null ? live.lease : null };
  if (reason === null) store(keys, request, { marks, nowUs });
  if (token !== null && state.value !== "foreign") putMarks(keys, request, marks);
  return reason === null ? { outcome: "stored" } : { outcome: "refused", reason };
}

function store(keys: Keyspace, request: SetRequest, { marks, nowUs }: { marks: Marks; nowUs: number }): void {
  const { key, versionKey, entry, version, content } = request;
  const expireAtMs = Math.ceil(nowUs / 1000 + request.keepMs);
  if (!Buffer.isBuffer(content)) {
    const text = encodeMarks(marks);
    const fields = new Map([...content, [entry.versionField, version], ...(text === "" ? [] : [[gateField, text] as const])]);
    keys.set(key, { content: fields, expireAtMs: Math.max(expireAtMs, marksEndMs(marks, entry)) });
    return;
  }
  const payload = content.toString();
  keys.set(key, { content: entry.kind === "prefix" ? `${version}\n${payload}` : payload, expireAtMs });
  if (versionKey !== undefined) keys.set(versionKey, { content: version, expireAtMs });
}

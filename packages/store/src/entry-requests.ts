import { type EntrySpec, type Epoch, FreshetError, jsonVersion, limits, parseVersion } from "@freshet/protocol";
import type { EpochTag, FillRequest, LeaseRequest, SetRequest } from "./port.js";
import { checkTag } from "./tag-requests.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects, versions and tags in Redis
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Fields a `hash` entry may be written with. */
const FIELDS_MAX = 1_000;
/** A hundred years: times in Redis have at most 16 digits of microseconds. */
const DURATION_MS_MAX = 100 * 365 * 24 * 60 * 60 * 1000;

/** @throws FreshetError FR1006 (`usage`), as all checks here: nothing is sent, and nothing cut short. */
export function checkRead(key: string, entry: EntrySpec, epochTags: readonly EpochTag[]): void {
  checkKey(key);
  checkManaged(entry);
  checkCount("epoch tags", epochTags.length, limits.tagsPerEntryMax);
  for (const { tag, skewMs } of epochTags) {
    checkEntryTag(tag);
    checkDuration("skewMs", skewMs, 0);
  }
}

export function checkLease({ key, versionKey, entry, token, epochs, leaseTtlMs }: LeaseRequest): void {
  checkKey(key);
  if (entry.kind !== "managed") checkGated(entry, versionKey);
  checkToken(token);
  checkEpochs(epochs);
  checkDuration("leaseTtlMs", leaseTtlMs, 1);
  checkDuration("floorTtlMs", entry.floorTtlMs, 1);
  if (leaseTtlMs > entry.floorTtlMs) {
    throw refused(
      `A lease of ${leaseTtlMs} ms outlives floors of ${entry.floorTtlMs} ms.`,
      "Keep F at least as long as the lease and the read lag together.",
    );
  }
}

export function checkFill(request: FillRequest): void {
  const { key, entry, token, encoding, deps, tags, epochs } = request;
  checkKey(key);
  checkManaged(entry);
  checkToken(token);
  checkText("encoding", encoding, { min: 0, max: limits.tokenBytesMax });
  checkCount("deps", deps.size, limits.depsPerEntryMax);
  for (const [subject, version] of deps) checkDep(subject, version);
  checkCount("tags", tags.length, limits.tagsPerEntryMax);
  for (const tag of tags) checkEntryTag(tag);
  if (new Set(tags).size !== tags.length) throw refused("A tag is given twice.", "Give each tag once.");
  checkEpochs(epochs);
  checkDuration("keepMs", request.keepMs, 1);
  if (request.freshMs !== null) checkDuration("freshMs", request.freshMs, 1);
  if (tags.length > 0) checkDuration("provisionalMs", request.provisionalMs, 1);
  checkReadLag(request.readLagMs, entry);
}

export function checkStep(key: string, entry: EntrySpec, token: string): void {
  checkKey(key);
  checkManaged(entry);
  checkToken(token);
  checkDuration("floorTtlMs", entry.floorTtlMs, 1);
}

export function checkSet(request: SetRequest): void {
  const { key, versionKey, entry, token, subject, version, content } = request;
  checkKey(key);
  checkGated(entry, versionKey);
  if (token !== null) checkToken(token);
  checkDep(subject, version);
  checkDuration("keepMs", request.keepMs, 1);
  checkReadLag(request.readLagMs, entry);
  if (Buffer.isBuffer(content) === (entry.kind === "hash")) {
    throw refused(`The content does not fit entries of kind ${entry.kind}.`, "Give fields for hash, bytes for other kinds.");
  }
  if (entry.kind === "json" && jsonVersion(content.toString(), entry.versionField) !== version) {
    throw refused("The JSON text does not hold the version it is stored with.", "Write the version into the member the family names.");
  }
  if (Buffer.isBuffer(content)) return;
  checkCount("fields", content.size, FIELDS_MAX);
  for (const field of content.keys()) {
    if (field !== entry.versionField && !field.startsWith("fr:")) continue;
    throw refused("A field is the version's own, or begins with fr:.", "Leave both out: the store writes them.");
  }
}

function checkManaged({ kind }: EntrySpec): void {
  if (kind !== "managed") throw refused(`This step is for managed entries, not for kind ${kind}.`, "Use setIfNewer, or a managed family.");
}

function checkGated({ kind, gate }: EntrySpec, versionKey: string | undefined): void {
  if (kind === "managed" || kind === "opaque" || !gate) {
    throw refused(`Entries of kind ${kind}${gate ? "" : " without a gate"} have no such step.`, "Give the family `gate: true`.");
  }
  if ((kind === "companion") !== (versionKey !== undefined)) {
    throw refused("A version key goes with entries of kind companion, and only with them.", "Give versionKey for companion entries.");
  }
  if (versionKey !== undefined) checkKey(versionKey);
}

function checkKey(key: string): void {
  checkBytes("key", key, { min: 1, max: limits.keyBytesMax });
}

function checkToken(token: string): void {
  checkText("token", token, { min: 1, max: limits.tokenBytesMax });
}

function checkDep(subject: string, version: string): void {
  checkText("subject", subject, { min: 1, max: limits.subjectBytesMax });
  if (parseVersion(version) === null) {
    throw refused("A version is not canonical.", `Give 1 to ${limits.versionDigitsMax} digits without sign, fraction or leading zero.`);
  }
}

function checkEntryTag(tag: string): void {
  checkTag(tag);
  checkText("tag", tag, { min: 1, max: limits.keyBytesMax });
}

function checkEpochs(epochs: ReadonlyMap<string, Epoch>): void {
  checkCount("epoch tags", epochs.size, limits.tagsPerEntryMax);
  for (const [tag, { generation, hardGeneration, ageUs }] of epochs) {
    checkEntryTag(tag);
    if ([generation, hardGeneration, ageUs].every((part) => Number.isSafeInteger(part) && part >= 0)) continue;
    throw refused("An epoch is not one that `read` or `epochs` answered.", "Give epochs as they were answered.");
  }
}

function checkReadLag(readLagMs: number, { floorTtlMs }: EntrySpec): void {
  checkDuration("readLagMs", readLagMs, 0);
  checkDuration("floorTtlMs", floorTtlMs, 1);
  if (readLagMs < floorTtlMs) return;
  throw refused(`A read lag of ${readLagMs} ms leaves floors of ${floorTtlMs} ms no time.`, "Keep F at least L + R.");
}

function checkText(what: string, text: string, bytes: { min: number; max: number }): void {
  checkBytes(what, text, bytes);
  if (CONTROL.test(text)) throw refused(`The ${what} holds control characters.`, "Escape them, or leave them out.");
}

function checkBytes(what: string, text: string, { min, max }: { min: number; max: number }): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < min || bytes > max) throw refused(`The ${what} has ${bytes} bytes.`, `Give ${min} to ${max} bytes.`);
}

function checkCount(what: string, count: number, max: number): void {
  if (count > max) throw refused(`${count} ${what} are too many.`, `Give at most ${max}.`);
}

function checkDuration(what: string, ms: number, min: 0 | 1): void {
  if (Number.isSafeInteger(ms) && ms >= min && ms <= DURATION_MS_MAX) return;
  throw refused(`${what} is ${ms}.`, `Give whole milliseconds from ${min} to ${DURATION_MS_MAX}.`);
}

function refused(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1006", "usage", problem, fix);
}

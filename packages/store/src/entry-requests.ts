import { type EntrySpec, type Epoch, type FreshetError, jsonVersion, limits } from "@freshet/protocol";
import type { EpochTag, FillRequest, LeaseRequest, SetRequest } from "./port.js";
import { checkCount, checkDuration, checkKey, checkText, checkToken, checkVersion, checkWellFormed, refused } from "./request-checks.js";
import { checkEpochTag, checkTag } from "./tag-requests.js";

/** Fields a `hash` entry may be written with. */
const FIELDS_MAX = 1_000;

/** @throws FreshetError FR1006 (`usage`), as all checks here: nothing is sent, and nothing cut short. */
export function checkRead(key: string, entry: EntrySpec, epochTags: readonly EpochTag[]): void {
  checkKey(key);
  checkManaged(entry);
  checkCount("epoch tags", epochTags.length, limits.tagsPerEntryMax);
  for (const epochTag of epochTags) {
    checkEpochTag(epochTag);
    checkEntryTag(epochTag.tag);
  }
}

export function checkLease({ key, versionKey, entry, token, epochs, leaseTtlMs }: LeaseRequest): void {
  checkKey(key);
  if (entry.kind !== "managed") checkGated(entry, key, versionKey);
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
  checkGated(entry, key, versionKey);
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
  for (const [field, text] of content) {
    checkWellFormed("field", field);
    checkWellFormed("text of a field", text);
    if (field !== entry.versionField && !field.startsWith("fr:")) continue;
    throw refused("A field is the version's own, or begins with fr:.", "Leave both out: the store writes them.");
  }
}

function checkManaged({ kind }: EntrySpec): void {
  if (kind !== "managed") throw refused(`This step is for managed entries, not for kind ${kind}.`, "Use setIfNewer, or a managed family.");
}

function checkGated({ kind, gate }: EntrySpec, key: string, versionKey: string | undefined): void {
  if (kind === "managed" || kind === "opaque" || !gate) {
    throw refused(`Entries of kind ${kind}${gate ? "" : " without a gate"} have no such step.`, "Give the family `gate: true`.");
  }
  if ((kind === "companion") !== (versionKey !== undefined)) {
    throw refused("A version key goes with entries of kind companion, and only with them.", "Give versionKey for companion entries.");
  }
  if (versionKey === undefined) return;
  checkKey(versionKey);
  if (versionKey === key) throw refused("The version key is the key of the entry.", "Give the version a key of its own.");
}

function checkDep(subject: string, version: string): void {
  checkText("subject", subject, { min: 1, max: limits.subjectBytesMax });
  checkVersion(version);
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

/** What `fill` and `setIfNewer` throw for F < L + R: L is known where the lease lies. */
export function brokenBounds({ readLagMs, entry }: Pick<FillRequest, "readLagMs" | "entry">): FreshetError {
  const problem = `Floors of ${entry.floorTtlMs} ms end before a load under this lease may, with a read lag of ${readLagMs} ms.`;
  return refused(problem, "Keep F at least L + R, with L as the lease was asked for.");
}

function checkReadLag(readLagMs: number, { floorTtlMs }: EntrySpec): void {
  checkDuration("readLagMs", readLagMs, 0);
  checkDuration("floorTtlMs", floorTtlMs, 1);
  if (readLagMs < floorTtlMs) return;
  throw refused(`A read lag of ${readLagMs} ms leaves floors of ${floorTtlMs} ms no time.`, "Keep F at least L + R.");
}

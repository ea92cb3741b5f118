export type { Bust, BustFact, BustMode, KeyBust, TagBust, TagSpec } from "./bust.js";
export { CANARY_HEADER, senderOfCanary } from "./canary.js";
export type { BustArguments, BustStep } from "./decide.js";
export {
  bumpEpoch,
  bust,
  claimSweep,
  drop,
  endSweep,
  fill,
  fillTimeFault,
  getEpoch,
  indexAdd,
  indexRemove,
  lease,
  moveSweep,
  promote,
  raiseTag,
  setIfNewer,
  sweepBound,
  sweepPage,
  trimBefore,
  validity,
} from "./decide.js";
export type { Epoch, EpochRecord, EpochState, EpochStep } from "./decide-epoch.js";
export type { FillArguments, FillStep, LeaseArguments, LeaseStep, PromoteArguments, SetArguments } from "./decide-fill.js";
export { readable } from "./decide-fill.js";
export type {
  ClaimArguments,
  ClaimStep,
  IndexAddArguments,
  IndexAddStep,
  IndexMember,
  PendingBust,
  Sweep,
  SweepCursor,
  TagState,
} from "./decide-tag.js";
export { noTag } from "./decide-tag.js";
export type { Decoded } from "./decoded.js";
export { rejected } from "./decoded.js";
export type { EntryKind, EntrySpec, OnUnversioned } from "./entry.js";
export type { EntryHead, Fields } from "./entry-layout.js";
export {
  decodeHead,
  decodeTags,
  encodeDeps,
  encodeEpochs,
  encodeProvisional,
  encodeSoftened,
  encodeTags,
  gateField,
  managedFields,
  managedState,
} from "./entry-layout.js";
export type { EntryState, Lease, Lifetime, Provisional, Softened } from "./entry-state.js";
export { noEntry } from "./entry-state.js";
export type { Disposition, ErrorCode } from "./errors.js";
export { asFreshetError, errorCodes, FreshetError } from "./errors.js";
export { escapePercent } from "./escape.js";
export type { DomainEvent, JsonObject, JsonValue, Op, SpaceKind } from "./event.js";
export { subjectOf } from "./event.js";
export type { Marks } from "./floor-layout.js";
export { encodeFloors, encodeMarks, isMarks, readMarks } from "./floor-layout.js";
export type { BlindFloor, Floor, Floors, Load } from "./floors.js";
export { covers, liveFloors, meetsFloors } from "./floors.js";
export { isEventWithoutData } from "./formats/cloudevents-envelope.js";
export { decodeEvent } from "./formats/decode-event.js";
export type { CloudEventText } from "./formats/encode-cloudevent.js";
export { encodeCloudEvent } from "./formats/encode-cloudevent.js";
export { whyRejected } from "./formats/why-rejected.js";
export type { FramePort, RegistryAccess, SchemaRegistryModule, SourcesOf, Unframed } from "./framing.js";
export { areFramed } from "./framing.js";
export { followMembers, isJsonObject, parseJson } from "./json.js";
export { jsonVersion } from "./json-version.js";
export { limits } from "./limits.js";
export { isLoopback } from "./loopback.js";
export type { BustOutcome, DeadReason, RecordOutcome, Rejection, TagOutcome } from "./outcome.js";
export { bustOutcomes, deadReasons, recordOutcomes } from "./outcome.js";
export type { ByteSpan, KafkaRecord, RecordHeader } from "./record.js";
export { headerText } from "./record.js";
export type { FieldRef, SourceFormat, SourceReads, SourceSpec } from "./source.js";
export {
  decodeCursor,
  decodeEpoch,
  decodeTag,
  encodeCursor,
  encodeEpoch,
  encodePending,
  encodeTag,
  readPending,
} from "./tag-layout.js";
export { epochRefreshMs, epochTtlMs, indexEndAfterAdd, isPending, stateEndAfterAdd, stateEndAfterRaise } from "./tag-life.js";
export type { Version } from "./version.js";
export { compareVersions, parseVersion } from "./version.js";

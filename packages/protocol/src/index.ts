export type { Bust, BustMode, KeyBust, TagBust } from "./bust.js";
export type { BlindFloor, BustArguments, BustStep, EntryState, Floor, Lease } from "./decide.js";
export { bust } from "./decide.js";
export type { Decoded } from "./decoded.js";
export { rejected } from "./decoded.js";
export type { EntryKind, EntrySpec, OnUnversioned } from "./entry.js";
export type { ManagedFields } from "./entry-layout.js";
export {
  decodeLease,
  encodeDeps,
  encodeFloors,
  encodeLease,
  gateFields,
  managedFields,
  managedState,
  readFloors,
} from "./entry-layout.js";
export type { Disposition, ErrorCode } from "./errors.js";
export { asFreshetError, errorCodes, FreshetError } from "./errors.js";
export type { DomainEvent, JsonObject, JsonValue, Op, SpaceKind } from "./event.js";
export { subjectOf } from "./event.js";
export { decodeCloudEvent } from "./formats/cloudevents.js";
export type { CloudEventText } from "./formats/encode-cloudevent.js";
export { encodeCloudEvent } from "./formats/encode-cloudevent.js";
export { whyRejected } from "./formats/why-rejected.js";
export { isJsonObject, parseJson } from "./json.js";
export { jsonVersion } from "./json-version.js";
export { limits } from "./limits.js";
export type { BustOutcome, DeadReason, RecordOutcome, Rejection } from "./outcome.js";
export { bustOutcomes, deadReasons, recordOutcomes } from "./outcome.js";
export type { KafkaRecord, RecordHeader } from "./record.js";
export { headerText } from "./record.js";
export type { FieldRef, SourceFormat, SourceSpec } from "./source.js";
export type { Version } from "./version.js";
export { compareVersions, parseVersion } from "./version.js";

import type { Rejection } from "../outcome.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { type CloudEventText, encodeCloudEvent } from "./encode-cloudevent.js";

/** Takes every type, so that what is left to judge is the event. */
const anything: Omit<SourceSpec, "space"> = {
  name: "",
  topic: "",
  format: "cloudevents",
  spaceKind: "counter",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "ignore",
};

/** Why a source of this space would dead-letter the event as it stands; `null` when it can be read. Rules are not asked. */
export function whyRejected(event: CloudEventText, space: string): Rejection | null {
  const record = { topic: "", partition: 0, offset: 0, timestampMs: 0, ...encodeCloudEvent(event) };
  const decoded = decodeCloudEvent(record, [{ ...anything, space }]);
  return decoded.kind === "rejected" ? decoded.rejection : null;
}

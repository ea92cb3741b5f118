import type { KafkaRecord, KeyBust, RecordOutcome, TagBust } from "@freshet/protocol";
import type { Applied } from "./apply.js";
import type { Mapped } from "./map.js";

/**
 * What became of a slice, for whoever counts and logs it. `records`, `mapped` and `ended` have one item a record, `busts`
 * and `outcomes` one a bust, `tagBusts` and `tagOutcomes` one a bust of a tag.
 */
export interface SliceReport extends Applied {
  readonly records: readonly KafkaRecord[];
  readonly mapped: readonly Mapped[];
  readonly ended: readonly RecordOutcome[];
  readonly busts: readonly KeyBust[];
  readonly tagBusts: readonly TagBust[];
}

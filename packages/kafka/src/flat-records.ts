import type { KafkaRecord } from "@freshet/protocol";
import { type FlatBatch, FlatRecord } from "./flat-record.js";
import type { RecordList } from "./port.js";
import { WireReader } from "./wire-reader.js";

/** Some records that follow each other: of one batch, as positions in its bytes, or a marker alone. */
type Stretch =
  | { readonly first: number; readonly count: number; readonly batch: FlatBatch; readonly positions: Int32Array }
  | { readonly first: number; readonly count: 1; readonly marker: KafkaRecord };

/**
 * The records of a fetch, each made anew when it is taken. Thousands wait between a fetch and their slice: as objects they would be
 * copied by one garbage collection after the other until they are old; as positions they cost four bytes each.
 */
export class FlatRecords implements RecordList {
  readonly #stretches: Stretch[] = [];
  length = 0;

  /** `positions`: where each record begins, behind its length; all of them are whole. */
  addBatch(batch: FlatBatch, positions: Int32Array): void {
    if (positions.length > 0) this.#stretches.push({ first: this.length, count: positions.length, batch, positions });
    this.length += positions.length;
  }

  addMarker(marker: KafkaRecord): void {
    this.#stretches.push({ first: this.length, count: 1, marker });
    this.length++;
  }

  at(index: number): KafkaRecord | undefined {
    const from = index < 0 ? this.length + index : index;
    return from < 0 ? undefined : this.slice(from, from + 1)[0];
  }

  slice(start = 0, end = this.length): KafkaRecord[] {
    const from = start < 0 ? Math.max(0, this.length + start) : start;
    const records: KafkaRecord[] = [];
    for (let at = this.#stretchAt(from); at < this.#stretches.length; at++) {
      const stretch = this.#stretches[at];
      if (stretch === undefined || stretch.first >= end) break;
      take(records, stretch, { from: Math.max(0, from - stretch.first), to: Math.min(stretch.count, end - stretch.first) });
    }
    return records;
  }

  map<T>(make: (record: KafkaRecord, index: number) => T): T[] {
    return this.slice().map(make);
  }

  [Symbol.iterator](): Iterator<KafkaRecord> {
    return this.slice().values();
  }

  /** The first stretch that ends behind `index`: there may be as many as records. */
  #stretchAt(index: number): number {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const stretch = this.#stretches[middle];
      if (stretch !== undefined && stretch.first + stretch.count <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function take(records: KafkaRecord[], stretch: Stretch, { from, to }: { readonly from: number; readonly to: number }): void {
  if ("marker" in stretch) {
    records.push(stretch.marker);
    return;
  }
  const reader = new WireReader(stretch.batch.bytes);
  for (let at = from; at < to; at++) {
    reader.at = stretch.positions[at] ?? 0;
    records.push(new FlatRecord(stretch.batch, reader));
  }
}

/** Bytes that are not what their format says. The message holds positions and sizes, never content. */
export class MalformedBytes extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "MalformedBytes";
  }
}

/**
 * Reads Kafka's wire types off a buffer, front to back. Every read is checked against the end: lengths in a record are the
 * word of whoever produced it. 64-bit integers become numbers: offsets and timestamps stay far below 2^53.
 */
export class WireReader {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  private take(count: number): number {
    const at = this.at;
    if (count < 0 || count > this.end - at) throw new MalformedBytes(`${count} bytes wanted at ${at}, which ends at ${this.end}`);
    this.at = at + count;
    return at;
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4));
  }

  int64(): number {
    const at = this.take(8);
    return this.bytes.readInt32BE(at) * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4);
  }

  /** Length in 16 bits, then UTF-8. */
  string(): string {
    const length = this.int16();
    const at = this.take(Math.max(0, length));
    return this.bytes.toString("utf8", at, at + Math.max(0, length));
  }

  /** A view, not a copy. */
  view(length: number): Buffer {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A zigzag varint of at most 32 bits. */
  varint(): number {
    const { bytes, end } = this;
    let at = this.at;
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) break;
      const byte = bytes[at++] ?? 0;
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return (result >>> 1) ^ -(result & 1);
      }
    }
    throw new MalformedBytes(`no varint at ${this.at}`);
  }

  /** A zigzag varint of up to 64 bits, as a number. */
  varlong(): number {
    const { bytes, end } = this;
    let at = this.at;
    let result = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (at >= end) break;
      const byte = bytes[at++] ?? 0;
      result += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        this.at = at;
        return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
      }
    }
    throw new MalformedBytes(`no varlong at ${this.at}`);
  }

  /** Steps over a varint length and that many bytes; answers with the length, -1 for null. */
  skipVarBytes(): number {
    const length = this.varint();
    if (length === -1) return -1;
    if (length < 0 || length > this.end - this.at)
      throw new MalformedBytes(`${length} bytes wanted at ${this.at}, which ends at ${this.end}`);
    this.at += length;
    return length;
  }

  /** A varint length and that many bytes as a view; `null` for the length -1. */
  varBytes(): Buffer | null {
    const length = this.varint();
    if (length === -1) return null;
    const at = this.at;
    if (length < 0 || length > this.end - at) throw new MalformedBytes(`${length} bytes wanted at ${at}, which ends at ${this.end}`);
    this.at = at + length;
    return this.bytes.subarray(at, at + length);
  }
}

import { promisify } from "node:util";
import { gunzip, gzip, zstdCompress, zstdDecompress } from "node:zlib";
import { compressFrame, decompressFrame } from "lz4-napi";
import snappy from "snappy";
import { lz4SizeUpTo } from "./lz4-size.js";
import { MalformedBytes } from "./wire-reader.js";

/** A compression codec of Kafka. `decompress` never yields more than `maxBytes`: what would is refused as a bomb. */
export interface Codec {
  readonly name: string;
  decompress(bytes: Buffer, maxBytes: number): Promise<Buffer>;
  compress(bytes: Buffer): Promise<Buffer>;
}

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify<Buffer, Buffer>(gzip);
const unzstdAsync = promisify(zstdDecompress);
const zstdAsync = promisify<Buffer, Buffer>(zstdCompress);

const gzipCodec: Codec = {
  name: "gzip",
  decompress: (bytes, maxBytes) => gunzipAsync(bytes, { maxOutputLength: maxBytes }),
  compress: (bytes) => gzipAsync(bytes),
};

const zstdCodec: Codec = {
  name: "zstd",
  decompress: (bytes, maxBytes) => unzstdAsync(bytes, { maxOutputLength: maxBytes }),
  compress: (bytes) => zstdAsync(bytes),
};

const snappyCodec: Codec = { name: "snappy", decompress: unsnappy, compress: (bytes) => snappy.compress(bytes) };

const lz4Codec: Codec = { name: "lz4", decompress: unlz4, compress: (bytes) => compressFrame(bytes) };

/** By the low three bits of a batch's attributes; 0 is "none". */
export const codecs: ReadonlyMap<number, Codec> = new Map([
  [1, gzipCodec],
  [2, snappyCodec],
  [3, lz4Codec],
  [4, zstdCodec],
]);

/** What the Java client puts before its snappy blocks: eight bytes of magic, then two version numbers. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** Raw snappy (librdkafka) or xerial's framing of it (Java): blocks with their length in front. */
async function unsnappy(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes.length < XERIAL_HEADER_BYTES || !bytes.subarray(0, 8).equals(XERIAL_MAGIC)) return unsnappyBlock(bytes, maxBytes);
  const blocks: Buffer[] = [];
  let total = 0;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -1;
    if (length < 0 || length > bytes.length - at - 4) throw new MalformedBytes(`snappy block of ${length} bytes at ${at}`);
    const block = await unsnappyBlock(bytes.subarray(at + 4, at + 4 + length), maxBytes - total);
    blocks.push(block);
    total += block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks, total);
}

/** A block says its size in its first varint; the library would allocate whatever it says. */
async function unsnappyBlock(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const declared = declaredSize(bytes);
  if (declared > maxBytes) throw new MalformedBytes(`snappy block declares ${declared} bytes, more than ${maxBytes}`);
  const result = await snappy.uncompress(bytes, { asBuffer: true });
  if (typeof result === "string") throw new MalformedBytes("snappy answered with text");
  return result;
}

function declaredSize(bytes: Buffer): number {
  let size = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return size;
  }
  throw new MalformedBytes("snappy block without a size");
}

/** The library has no cap, so the frame is measured before it is unpacked. */
async function unlz4(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const size = lz4SizeUpTo(bytes, maxBytes);
  if (size > maxBytes) throw new MalformedBytes(`lz4 frame yields more than ${maxBytes} bytes`);
  const result = await decompressFrame(bytes);
  if (result.length > maxBytes) throw new MalformedBytes(`lz4 frame of ${result.length} bytes, more than ${maxBytes}`);
  return result;
}

import { MalformedBytes } from "./wire-reader.js";

const LZ4_MAGIC = 0x184d2204;
const RAW_BLOCK = 0x8000_0000;
const TOKEN_MAX = 15;
const MATCH_MIN = 4;

/**
 * What an lz4 frame yields, or something above `maxBytes` when it yields more than that. Blocks may be far from full, so a
 * frame whose blocks could exceed the cap is measured exactly: by its sequences' lengths, and without unpacking anything.
 */
export function lz4SizeUpTo(bytes: Buffer, maxBytes: number): number {
  const frame = readFrame(bytes);
  const most = frame.blocks.length * frame.blockBytesMax;
  if (most <= maxBytes) return most;
  let size = 0;
  for (const block of frame.blocks) {
    size += block.isRaw ? block.end - block.start : blockSizeUpTo(bytes.subarray(block.start, block.end), maxBytes - size);
    if (size > maxBytes) break;
  }
  return size;
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly isRaw: boolean;
}

function readFrame(bytes: Buffer): { readonly blockBytesMax: number; readonly blocks: readonly Block[] } {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== LZ4_MAGIC) throw new MalformedBytes("not an lz4 frame");
  const flags = bytes.readUInt8(4);
  const sizeCode = (bytes.readUInt8(5) >> 4) & 7;
  if (sizeCode < 4) throw new MalformedBytes(`lz4 frame with block size code ${sizeCode}`);
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  const blocks: Block[] = [];
  let at = 6 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4) + 1;
  while (at + 4 <= bytes.length) {
    const word = bytes.readUInt32LE(at);
    if (word === 0) break;
    const isRaw = word >= RAW_BLOCK;
    const start = at + 4;
    const end = start + (isRaw ? word - RAW_BLOCK : word);
    blocks.push({ start, end: Math.min(end, bytes.length), isRaw });
    at = end + checksumBytes;
  }
  return { blockBytesMax: 2 ** (8 + 2 * sizeCode), blocks };
}

/** A block is sequences: a token, literals, and a match of earlier bytes; only lengths are read. */
function blockSizeUpTo(block: Buffer, maxBytes: number): number {
  let size = 0;
  let at = 0;
  const more = (first: number): number => {
    let length = first;
    if (first < TOKEN_MAX) return length;
    for (let byte = 255; byte === 255 && at < block.length; ) {
      byte = block[at++] ?? 0;
      length += byte;
    }
    return length;
  };
  while (at < block.length && size <= maxBytes) {
    const token = block[at++] ?? 0;
    const literals = more(token >> 4);
    size += literals;
    at += literals;
    if (at >= block.length) break; // the last sequence has no match
    at += 2;
    size += MATCH_MIN + more(token & TOKEN_MAX);
  }
  return size;
}

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { compressSync } from "lz4-napi";
import { uncompressSync } from "snappy";
import { codecs } from "./codecs.js";
import { lz4SizeUpTo } from "./lz4-size.js";

const MEGABYTE = 1_000_000;
const text = Buffer.from("the quick brown fox ".repeat(500));

async function problemOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return String(error);
  }
}

function codec(id: number) {
  const found = codecs.get(id);
  if (found === undefined) throw new Error(`no codec ${id}`);
  return found;
}

/** What the Java client writes: its own header, then blocks with their length in front. */
async function xerial(parts: readonly Buffer[]): Promise<Buffer> {
  const blocks = await Promise.all(
    parts.map(async (part) => {
      const block = await codec(2).compress(part);
      const length = Buffer.alloc(4);
      length.writeInt32BE(block.length);
      return Buffer.concat([length, block]);
    }),
  );
  return Buffer.concat([Buffer.from([0x82]), Buffer.from("SNAPPY\0"), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), ...blocks]);
}

describe("codecs", () => {
  for (const [id, { name }] of codecs) {
    test(`${name} gives back what it took, also nothing at all`, async () => {
      expect((await codec(id).decompress(await codec(id).compress(text), MEGABYTE)).equals(text)).toBe(true);
      expect(await codec(id).decompress(await codec(id).compress(Buffer.of()), MEGABYTE)).toHaveLength(0);
    });

    test(`${name} refuses to yield more than its cap, by a byte or by a lot`, async () => {
      const packed = await codec(id).compress(Buffer.alloc(8 * MEGABYTE));
      expect(await problemOf(codec(id).decompress(packed, MEGABYTE))).toMatch(/MalformedBytes|larger than/);
      const exact = await codec(id).compress(text);
      expect(await problemOf(codec(id).decompress(exact, text.length))).toBe("none");
      expect(await problemOf(codec(id).decompress(exact, text.length - 1))).not.toBe("none");
    });

    test(`${name} rejects rubbish and cut-off bytes without hanging`, async () => {
      const packed = await codec(id).compress(text);
      expect(await problemOf(codec(id).decompress(Buffer.from("no such thing"), MEGABYTE))).not.toBe("none");
      expect(await problemOf(codec(id).decompress(packed.subarray(0, packed.length / 2), MEGABYTE))).not.toBe("none");
    });
  }

  test("snappy reads raw blocks and the Java client's framing", async () => {
    expect(uncompressSync(await codec(2).compress(text), { asBuffer: true })).toEqual(text);
    const framed = await xerial([text, Buffer.of(), text]);
    expect((await codec(2).decompress(framed, MEGABYTE)).equals(Buffer.concat([text, text]))).toBe(true);
    expect(await problemOf(codec(2).decompress(framed, text.length + 5))).toContain("more than");
    expect(await problemOf(codec(2).decompress(framed.subarray(0, 30), MEGABYTE))).toContain("snappy block");
  });

  test("snappy does not believe a block that declares gigabytes", async () => {
    const liar = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
    expect(await problemOf(codec(2).decompress(liar, MEGABYTE))).toContain("declares 4294967295 bytes");
  });

  test("lz4 measures a frame before it lets one be unpacked", async () => {
    const packed = await codec(3).compress(Buffer.alloc(8 * MEGABYTE));
    expect(await problemOf(codec(3).decompress(packed, MEGABYTE))).toContain("lz4 frame yields more than");
  });

  test("lz4 takes frames of many blocks that are far from full, as a producer that flushes often makes them", async () => {
    const parts = Array.from({ length: 100 }, (_, at) => Buffer.from(`${at} `.repeat(at)));
    const frame = await frameOf(parts);
    const whole = Buffer.concat(parts);
    expect((await codec(3).decompress(frame, MEGABYTE)).equals(whole)).toBe(true);
    expect((await codec(3).decompress(frame, whole.length)).equals(whole)).toBe(true);
    expect(await problemOf(codec(3).decompress(frame, whole.length - 1))).toContain("yields more than");
  });

  test("lz4 measures any frame to the byte", async () => {
    const parts = fc.array(fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.tuple(fc.nat(255), fc.nat(70_000)).map(repeated)), {
      minLength: 1,
      maxLength: 5,
    });
    const measure = async (given: readonly Uint8Array[]): Promise<void> => {
      const frame = await frameOf(given.map((part) => Buffer.from(part)));
      const size = given.reduce((sum, part) => sum + part.length, 0);
      expect(lz4SizeUpTo(frame, size)).toBe(size);
      if (size > 0) expect(lz4SizeUpTo(frame, size - 1)).toBeGreaterThan(size - 1);
    };
    await fc.assert(fc.asyncProperty(parts, measure), { numRuns: 200, verbose: 1 });
  });

  test("lz4 frames that lie about their blocks are refused, and measuring them ends", async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const head = (await codec(3).compress(Buffer.alloc(5 * MEGABYTE))).subarray(0, 7);
    const survive = async (given: Uint8Array): Promise<void> => {
      const problem = await problemOf(codec(3).decompress(Buffer.concat([head, given]), 1000));
      expect(problem).not.toBe("hung");
    };
    await fc.assert(fc.asyncProperty(bytes, survive), { numRuns: 200, verbose: 1 });
  });
});

const repeated = ([byte, count]: readonly [number, number]): Uint8Array => new Uint8Array(count).fill(byte);

/** A frame of 4 MiB blocks with one block for each part: compressed, or as it is when that is shorter. */
async function frameOf(parts: readonly Buffer[]): Promise<Buffer> {
  const head = (await codec(3).compress(Buffer.alloc(5 * MEGABYTE))).subarray(0, 7);
  const blocks = parts
    .filter((part) => part.length > 0)
    .flatMap((part) => {
      const packed = compressSync(part).subarray(4); // without the size in front
      const isRaw = packed.length >= part.length;
      const length = Buffer.alloc(4);
      length.writeUInt32LE((isRaw ? part.length + 0x8000_0000 : packed.length) >>> 0);
      return [length, isRaw ? part : packed];
    });
  return Buffer.concat([head, ...blocks, Buffer.alloc(4)]);
}

import { describe, expect, test } from "@jest/globals";
import { uncompressSync } from "snappy";
import { codecs } from "./codecs.js";

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
});

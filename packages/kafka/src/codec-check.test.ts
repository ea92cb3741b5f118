import { describe, expect, test } from "@jest/globals";
import { checkCodecs } from "./codec-check.js";
import { type Codec, codecs } from "./codecs.js";

describe("the look at the codecs before the first connection", () => {
  test("finds nothing wrong with ours", async () => {
    await expect(checkCodecs()).resolves.toBeUndefined();
  });

  for (const [id, codec] of codecs) {
    const others = [...codecs].filter(([other]) => other !== id);
    const broken: readonly (readonly [string, readonly [number, Codec][]])[] = [
      ["is missing", []],
      ["throws", [[id, { ...codec, decompress: () => Promise.reject(new Error("no such binary")) }]]],
      ["answers with something else", [[id, { ...codec, decompress: async (bytes) => bytes }]]],
    ];
    for (const [what, own] of broken) {
      test(`names ${codec.name} when it ${what}`, async () => {
        const check = checkCodecs(new Map([...others, ...own]));
        await expect(check).rejects.toMatchObject({ code: "FR3010", message: `these compression codecs do not work here: ${codec.name}` });
      });
    }
  }
});

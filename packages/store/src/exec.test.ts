import { expect, test } from "@jest/globals";
import type { ChainableCommander } from "ioredis";
import { execOrThrow } from "./exec.js";

type Slot = [Error | null, unknown];
const failed = (message: string): Slot => [Object.assign(new Error(message), { name: "ReplyError" }), undefined];

function pipelineOf(slots: Slot[] | null, length = slots?.length ?? 1): ChainableCommander {
  return { length, exec: async () => slots } as Partial<ChainableCommander> as ChainableCommander;
}

test("all slots are answered in order", async () => {
  expect(await execOrThrow(pipelineOf([[null, "a"] as Slot, [null, "b"] as Slot]))).toEqual(["a", "b"]);
});

test("one failed slot fails them all, and what halts goes before what waits", async () => {
  const slots = [[null, "a"] as Slot, failed("READONLY x"), failed("NOPERM x")];
  await expect(execOrThrow(pipelineOf(slots))).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
  await expect(execOrThrow(pipelineOf(slots.slice(0, 2)))).rejects.toMatchObject({ code: "FR2002", disposition: "wait" });
});

test("a slot can be recovered, and a recovery can fail", async () => {
  const slots = [failed("NOSCRIPT x"), [null, "b"] as Slot];
  expect(await execOrThrow(pipelineOf(slots), async (_error, index) => `again ${index}`)).toEqual(["again 0", "b"]);
  const recover = async () => {
    throw failed("OOM x")[0];
  };
  await expect(execOrThrow(pipelineOf(slots), recover)).rejects.toMatchObject({ code: "FR2002" });
});

test.each([[null], [[]], [[[null, "a"] as Slot]]])("fewer answers than commands are none: %#", async (slots) => {
  await expect(execOrThrow(pipelineOf(slots as Slot[] | null, 2))).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
});

import type { ChainableCommander } from "ioredis";
import { classify } from "./classify.js";

/** Gives a reply in place of a failed slot, or throws. */
export type RecoverSlot = (error: Error, index: number) => Promise<unknown>;

/** What one command of a pipeline gave; `error` is the client's own. */
export type Slot = readonly [error: Error | null, reply: unknown];

/**
 * Runs a pipeline and answers with one slot a command, failed ones too. The only place where a pipeline is executed: the
 * client resolves even when commands failed, and whoever forgets to look at every slot loses events.
 *
 * @throws FreshetError when the pipeline as a whole was not answered.
 */
export async function execSlots(pipeline: ChainableCommander): Promise<readonly Slot[]> {
  const slots = await pipeline.exec().catch((error: unknown) => {
    throw classify(error);
  });
  if (slots?.length !== pipeline.length) throw classify(new Error("connection is closed: the pipeline was not answered"));
  return slots;
}

/**
 * Runs a pipeline and answers with one reply a slot.
 *
 * @throws FreshetError when any slot failed and could not be recovered; one that halts goes before one that waits.
 */
export async function execOrThrow(pipeline: ChainableCommander, recover: RecoverSlot = rethrow): Promise<readonly unknown[]> {
  const slots = await execSlots(pipeline);
  const settled = await Promise.allSettled(slots.map(([error, reply], index) => (error === null ? reply : recover(error, index))));
  const failures = settled.filter((slot) => slot.status === "rejected").map((slot) => classify(slot.reason));
  const failure = failures.find((error) => error.disposition === "halt") ?? failures[0];
  if (failure !== undefined) throw failure;
  return settled.map((slot) => (slot.status === "fulfilled" ? slot.value : null));
}

function rethrow(error: Error): Promise<never> {
  return Promise.reject(classify(error));
}

import { setTimeout as pause } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import { classify, isTimeout } from "./classify.js";
import { type ClusterNodes, clusterDown } from "./cluster-nodes.js";
import type { Slot } from "./exec.js";
import { slotOf } from "./key-slot.js";
import { judge } from "./redirect.js";
import { type RedisCall, repliesOf, sendCalls } from "./redis-call.js";
import type { SlotMap } from "./slot-map.js";

/** One call on its way to its reply. */
interface Errand {
  readonly call: RedisCall;
  /** Where its reply goes. */
  readonly index: number;
  /** A server that said it takes this call once, although it is not the owner of the slot. */
  askAt: string | null;
  trouble: Error | null;
}

interface Batch {
  readonly address: string;
  readonly asking: boolean;
  readonly errands: Errand[];
}

export interface ClusterRunOptions {
  readonly nodes: ClusterNodes;
  readonly signal: AbortSignal;
  /** By `performance.now()`: nothing is tried again later than this. */
  readonly lastTryMs: number;
  readonly random: () => number;
}

/** Bounds of one pipeline. Calls are small in a cluster (the keys of one slot), so there are more of them than for one server. */
const [CALLS_PER_PIPELINE_MAX, KEYS_PER_PIPELINE_MAX] = [200, 6_400];
const [PAUSE_MS_MIN, PAUSE_MS_MAX] = [20, 500];
/** Redirections are followed at once; after so many rounds something turns in a circle, and each round is waited for. */
const QUICK_ROUNDS = 4;

/**
 * Runs calls in a cluster: by slot to the servers the map names, redirections followed call by call, what passes by
 * itself tried again until it works or time is up. Calls that were answered are never sent again for the sake of others.
 *
 * @throws FreshetError when any call is not known to be done.
 */
export async function runInCluster(calls: readonly RedisCall[], options: ClusterRunOptions): Promise<readonly unknown[]> {
  const replies = new Array<unknown>(calls.length);
  let open: Errand[] = calls.map((call, index) => ({ call, index, askAt: null, trouble: null }));
  for (let round = 0; ; round++) {
    const failed = await new Round(options, replies).run(open);
    if (failed.length === 0) return replies;
    open = failed.map(({ errand }) => errand);
    await beforeNext(failed, round, options);
  }
}

interface Failed {
  readonly errand: Errand;
  /** Whether it goes on at once: a server told where to. */
  readonly isTold: boolean;
}

/** One attempt at everything that is still open. */
class Round {
  readonly #options: ClusterRunOptions;
  readonly #replies: unknown[];
  readonly #failed: Failed[] = [];

  constructor(options: ClusterRunOptions, replies: unknown[]) {
    this.#options = options;
    this.#replies = replies;
  }

  /** What has to be tried again. */
  async run(errands: readonly Errand[]): Promise<readonly Failed[]> {
    const map = await this.#map(errands);
    if (map !== null) await everyOne(this.#batches(errands, map).map((batch) => this.#send(batch)));
    return this.#failed;
  }

  async #map(errands: readonly Errand[]): Promise<SlotMap | null> {
    const { nodes } = this.#options;
    try {
      return await nodes.map();
    } catch (thrown) {
      const error = classify(thrown);
      if (error.disposition !== "wait" || nodes.isClosed) throw error;
      for (const errand of errands) this.#again(errand, error);
      return null;
    }
  }

  #batches(errands: readonly Errand[], map: SlotMap): readonly Batch[] {
    const open = new Map<string, { batch: Batch; keys: number }>();
    const batches: Batch[] = [];
    for (const errand of errands) {
      const slot = slotOf(errand.call.keys[0] ?? "");
      const address = errand.askAt ?? map.ownerOf(slot);
      if (address === undefined) {
        this.#again(errand, clusterDown(`no server has slot ${slot}`));
        continue;
      }
      const asking = errand.askAt !== null;
      const name = asking ? `ask ${address}` : address;
      let last = open.get(name);
      const isFull = last !== undefined && (last.batch.errands.length >= CALLS_PER_PIPELINE_MAX || last.keys >= KEYS_PER_PIPELINE_MAX);
      if (last === undefined || isFull) {
        last = { batch: { address, asking, errands: [] }, keys: 0 };
        open.set(name, last);
        batches.push(last.batch);
      }
      last.batch.errands.push(errand);
      last.keys += errand.call.keys.length;
    }
    return batches;
  }

  async #send({ address, asking, errands }: Batch): Promise<void> {
    const { nodes, signal } = this.#options;
    const connection = nodes.at(address);
    const calls = errands.map(({ call }) => call);
    const [sent] = await Promise.allSettled([
      connection.run(async (client, ownSignal) => {
        signal.throwIfAborted();
        ownSignal.throwIfAborted();
        return await sendCalls(client, calls, asking);
      }),
    ]);
    signal.throwIfAborted();
    const slots: readonly Slot[] = sent.status === "fulfilled" ? sent.value : errands.map(() => [classify(sent.reason), null]);
    if (slots.some(([error]) => error !== null && isTimeout(error))) connection.renew();
    await everyOne(errands.map((errand, at) => this.#settle(errand, slots[at] ?? [clusterDown("no reply"), null], address)));
  }

  async #settle(errand: Errand, [error, reply]: Slot, address: string): Promise<void> {
    errand.askAt = null;
    if (error === null) {
      this.#replies[errand.index] = reply;
      return;
    }
    const { nodes } = this.#options;
    const verdict = judge(error, address);
    if (verdict.next === "give_up" || nodes.isClosed) throw classify(error);
    if (verdict.next === "split" && errand.call.apart !== undefined) {
      const { apart } = errand.call;
      this.#replies[errand.index] = apart.join(await runInCluster(apart.calls(), this.#options));
      return;
    }
    // Keys of several slots in one call, or of a slot that will be whole again in a moment.
    if (verdict.next === "split" && classify(error).disposition !== "wait") throw classify(error);
    if (verdict.next === "moved") (await nodes.map()).move(verdict.slot, verdict.address);
    if (verdict.next === "ask") errand.askAt = verdict.address;
    if (verdict.next !== "ask") nodes.renewMap();
    this.#again(errand, error, verdict.next === "moved" || verdict.next === "ask");
  }

  #again(errand: Errand, trouble: Error, isTold = false): void {
    errand.trouble = trouble;
    this.#failed.push({ errand, isTold });
  }
}

async function beforeNext(failed: readonly Failed[], round: number, options: ClusterRunOptions): Promise<void> {
  const { nodes, signal, lastTryMs, random } = options;
  signal.throwIfAborted();
  if (failed.every(({ isTold }) => isTold) && round < QUICK_ROUNDS) return;
  const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** round, PAUSE_MS_MAX) * (1 - random() / 2);
  if (performance.now() + pauseMs > lastTryMs) throw lastTrouble(failed);
  await pause(pauseMs, undefined, { signal });
  nodes.renewMap();
}

function lastTrouble(failed: readonly Failed[]): FreshetError {
  const [first] = failed;
  if (first?.errand.trouble == null) return new FreshetError("FR9001", "halt", "A call failed without an error.", "Report it.");
  return classify(first.errand.trouble);
}

/** Waits for all of them before the first failure is thrown (one that halts before one that waits), so that nothing goes on unseen. */
async function everyOne(work: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(work);
  repliesOf(settled.map((one) => [one.status === "rejected" ? classify(one.reason) : null, null]));
}

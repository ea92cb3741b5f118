import type { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { createConsumerLife } from "../src/consumer-life.js";
import { type ConsumptionTiming, createConsumptionState, defaultTiming, tellHole } from "../src/consumption-state.js";
import { createGroupAssigner } from "../src/group-assigner.js";
import { watchOffsetResets } from "../src/offset-resets.js";
import { installPatches } from "../src/patches.js";
import type { BatchControl, BatchEnd, ConsumeOptions, Consumption, LogHole, RecordBatch, TopicPartition } from "../src/port.js";
import { supervise } from "../src/supervisor.js";
import type { StubCluster } from "./stub-cluster.js";

/** Our whole consuming side, supervisor included, on a stub cluster, with times to match. */
export interface StubConsumption extends Consumption {
  /** `partition:offset` of every record that was ended, in order, repeats included. */
  readonly ended: string[];
  readonly troubles: FreshetError[];
  readonly fatal: FreshetError[];
  readonly assigned: (readonly TopicPartition[])[];
  readonly holes: LogHole[];
}

export type StubHandler = (batch: RecordBatch, control: BatchControl, endBatch: () => void) => Promise<BatchEnd>;

installPatches();

const timing: ConsumptionTiming = {
  ...defaultTiming,
  batchDeadlineMs: 2000,
  heartbeatIntervalMs: 5,
  commitIntervalMs: 0,
  caughtUpCommitIntervalMs: 0,
  faultRetryMs: 1,
  idleRetryMs: 1,
  crashBackoffMs: 1,
  crashBackoffMaxMs: 5,
  stopTimeoutMs: 2000,
};

export const done: BatchEnd = { kind: "done" };

/** A handler that ends everything and commits. */
export const endAll: StubHandler = async (_batch, control, endBatch) => {
  endBatch();
  await control.commit();
  await control.heartbeat();
  return done;
};

export function startOn(
  cluster: StubCluster,
  handler: StubHandler = endAll,
  more: Partial<ConsumeOptions> & { readonly timing?: Partial<ConsumptionTiming>; readonly clock?: { nowMs(): number } } = {},
): StubConsumption {
  const ended: string[] = [];
  const troubles: FreshetError[] = [];
  const fatal: FreshetError[] = [];
  const assigned: (readonly TopicPartition[])[] = [];
  const holes: LogHole[] = [];
  const options: ConsumeOptions = {
    group: "g",
    topics: [cluster.topic],
    onBatch: (batch, control) =>
      handler(batch, control, () => {
        ended.push(...batch.records.map((record) => `${batch.partition}:${record.offset}`));
        control.ended(batch.records.at(-1)?.offset ?? -1);
      }),
    onAssigned: (now) => assigned.push(now),
    onTrouble: (error) => troubles.push(error),
    onFatal: (error) => fatal.push(error),
    onHole: (hole) => holes.push(hole),
    ...more,
  };
  const state = createConsumptionState(options, { ...timing, ...more.timing }, more.clock ?? { nowMs: () => Date.now() });
  const assigner = createGroupAssigner((of) => watchOffsetResets(of, (reset) => tellHole(state, reset)));
  const consumption = supervise(async () => createConsumerLife(cluster.consumer(assigner), state), state, cluster);
  return Object.assign(consumption, { ended, troubles, fatal, assigned, holes });
}

/** `partition:offset` of everything in these partitions. */
export function everything(partitions: readonly number[], end: number): string[] {
  return partitions.flatMap((partition) => Array.from({ length: end }, (_, offset) => `${partition}:${offset}`)).sort();
}

/** For seeing that something does not happen: there is no condition to wait for, so it looks a number of times. */
export async function after(looks: number): Promise<void> {
  let left = looks;
  await until(() => left-- <= 0, { pollMs: 1 });
}

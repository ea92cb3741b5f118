// Two processes share six partitions; one is killed. How long until each of its partitions moves again?
import { setTimeout as pause } from "node:timers/promises";
import { PARTITIONS, type Workload } from "../workload.ts";
import { allGone, openProbe, type Published } from "./probe.ts";
import { deployService, type Running } from "./service.ts";

export interface Takeover {
  /** From the kill to the first bust of an event, published after it, in the partition that waited longest. */
  readonly seconds: number;
  readonly partitionsMoved: number;
}

const PER_SECOND = 60;
const START_TIMEOUT_MS = 90_000;
const SHARED_TIMEOUT_MS = 120_000;
const WATCH_MS = 40_000;

export async function measureTakeover(options: { readonly workload: Workload; readonly say: (text: string) => void }): Promise<Takeover> {
  const workload = { ...options.workload, prefix: `${options.workload.topic}:` };
  const probe = await openProbe(workload);
  const deployment = await deployService(workload, "hash-and-json");
  const members = [await deployment.start(), await deployment.start()];
  try {
    await bothHaveSome(members);
    await allGone(await probe.publish(PER_SECOND, 3000), START_TIMEOUT_MS);
    const before = await members[0]?.assigned();
    members[1]?.kill("SIGKILL");
    const killedMs = performance.now();
    options.say(`takeover: one of two processes is killed, the other has ${before} of ${PARTITIONS} partitions`);
    const events = await probe.publish(PER_SECOND, WATCH_MS);
    await allGone(events, START_TIMEOUT_MS);
    const firsts = Array.from({ length: PARTITIONS }, (_, partition) => firstGone(events, partition) - killedMs);
    const seconds = Math.round(Math.max(...firsts) / 100) / 10;
    options.say(`takeover: every partition moves again after ${seconds} s`);
    return { seconds, partitionsMoved: PARTITIONS - (before ?? 0) };
  } finally {
    for (const member of members) member.kill("SIGKILL");
    deployment.close();
    await probe.close();
  }
}

function firstGone(events: readonly Published[], partition: number): number {
  const own = events.filter((event) => event.partition === partition).map(({ goneMs }) => goneMs ?? Number.POSITIVE_INFINITY);
  return Math.min(...own);
}

async function bothHaveSome(members: readonly Running[]): Promise<void> {
  const endMs = performance.now() + SHARED_TIMEOUT_MS;
  for (;;) {
    const shares = await Promise.all(members.map((member) => member.assigned()));
    if (shares.every((share) => share === PARTITIONS / members.length)) return;
    if (performance.now() > endMs) throw new Error(`the processes have ${shares.join(" and ")} partitions`);
    await pause(100);
  }
}

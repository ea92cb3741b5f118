import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterCalls, Persistence } from "./cluster-calls.js";
import { isHeldByReader } from "./group-seat.js";
import { protocolTypeOf } from "./kafka-errors.js";
import { byTopic, flat, type IsolationLevel, type KafkajsCluster, readCommitted, readUncommitted } from "./kafkajs-cluster.js";
import { coordinatorOf } from "./kafkajs-coordinator.js";
import type { GroupDescription, LogReading, PartitionOffsets, TopicPartition } from "./port.js";
import { groupHasMembers } from "./reading-checks.js";

type Offsets = Omit<LogReading, "read" | "peek">;
type Led = TopicPartition & { readonly leader: number };
type Found = TopicPartition & { readonly offset: number };

/** What stands for a time in the request for offsets. */
export const EARLIEST = -2;
export const LATEST = -1;
const LOOK_EVERY_MS = 250;

/**
 * Offsets and groups, by requests of our own.
 *
 * @param leaveWaitMs how long a group that is to be deleted may keep members: one that was killed stays for its session
 */
export function createKafkajsOffsets(calls: ClusterCalls, { leaveWaitMs }: { readonly leaveWaitMs: number }): Offsets {
  return {
    offsets: (topics) => offsetsOf(topics, calls),
    async offsetsAt(topics, timestampMs) {
      const led = await calls.leaders(topics);
      const wanted = Math.max(0, Math.floor(timestampMs));
      const found = await listOffsets(led, { timestamp: wanted, isolationLevel: readCommitted }, calls);
      if (found.every(({ offset }) => offset >= 0)) return found;
      const ends = new Map((await listOffsets(led, { timestamp: LATEST, isolationLevel: readUncommitted }, calls)).map(byName));
      return found.map((at) => (at.offset >= 0 ? at : { ...at, offset: ends.get(byName(at)[0]) ?? 0 }));
    },
    async committed(group, topics) {
      const led = await calls.leaders(topics);
      const asked = byTopic(led, ({ partition }) => ({ partition }));
      const answer = await calls.persist(`reading what ${group} has committed`, async (cluster) => {
        const coordinator = await coordinatorOf(cluster, group);
        return coordinator.offsetFetch({ groupId: group, topics: asked });
      });
      const offsets = new Map(
        flat(answer.responses).map(({ topic, partition, offset }) => byName({ topic, partition, offset: Number(offset) })),
      );
      return led.map(({ topic, partition }) => {
        const offset = offsets.get(byName({ topic, partition, offset: 0 })[0]) ?? -1;
        return { topic, partition, offset: offset < 0 ? null : offset };
      });
    },
    describeGroup: (group) => describeGroup(group, calls),
    deleteGroup: (group) => deleteGroup(group, { calls, leaveWaitMs }),
  };
}

function byName({ topic, partition, offset }: Found): [string, number] {
  return [`${topic}/${partition}`, offset];
}

async function offsetsOf(topics: readonly string[], calls: ClusterCalls): Promise<readonly PartitionOffsets[]> {
  const led = await calls.leaders(topics);
  const ask = async (timestamp: number, isolationLevel: IsolationLevel) =>
    new Map((await listOffsets(led, { timestamp, isolationLevel }, calls)).map(byName));
  // one after the other, the end last: between two requests offsets only grow
  const earliest = await ask(EARLIEST, readUncommitted);
  const stable = await ask(LATEST, readCommitted);
  const latest = await ask(LATEST, readUncommitted);
  return led.map(({ topic, partition }) => {
    const name = `${topic}/${partition}`;
    return { topic, partition, earliest: earliest.get(name) ?? 0, latest: latest.get(name) ?? 0, stable: stable.get(name) ?? 0 };
  });
}

interface OffsetQuery extends Persistence {
  readonly timestamp: number;
  readonly isolationLevel: IsolationLevel;
}

/** -1 where nothing is that new. A partition whose leader has changed since `led` is asked for again. */
export async function listOffsets(led: readonly Led[], query: OffsetQuery, calls: ClusterCalls): Promise<Found[]> {
  let known: readonly Led[] | null = led;
  return calls.persist(
    "reading offsets",
    async (cluster) => {
      known ??= await calls.leaders(
        led.map(({ topic }) => topic),
        { patienceMs: 0 },
      );
      const asked = known;
      known = null;
      const answers = await Promise.all(
        [...Map.groupBy(asked, ({ leader }) => leader)].map(([leader, some]) => listOf(cluster, { leader, some, query })),
      );
      return answers.flat();
    },
    query,
  );
}

async function listOf(
  cluster: KafkajsCluster,
  { leader, some, query }: { leader: number; some: readonly Led[]; query: OffsetQuery },
): Promise<Found[]> {
  const broker = await cluster.findBroker({ nodeId: leader });
  const topics = byTopic(some, ({ partition }) => ({ partition, timestamp: String(query.timestamp) }));
  const { responses } = await broker.listOffsets({ isolationLevel: query.isolationLevel, topics });
  return flat(responses).map(({ topic, partition, offset }) => ({ topic, partition, offset: Number(offset) }));
}

async function describeGroup(group: string, calls: ClusterCalls): Promise<GroupDescription> {
  const { groups } = await calls.persist(`describing group ${group}`, async (cluster) => {
    const coordinator = await coordinatorOf(cluster, group);
    return coordinator.describeGroups({ groupIds: [group] });
  });
  const [found] = groups;
  return { group, state: stateOf(found?.state ?? "Dead"), members: found?.members.length ?? 0 };
}

function stateOf(state: string): GroupDescription["state"] {
  if (state === "Stable") return "stable";
  if (state === "Empty") return "empty";
  return state === "Dead" ? "missing" : "rebalancing";
}

async function deleteGroup(
  group: string,
  { calls, leaveWaitMs }: { readonly calls: ClusterCalls; readonly leaveWaitMs: number },
): Promise<void> {
  const deadlineMs = performance.now() + leaveWaitMs;
  for (;;) {
    const problem = await calls.persist(`deleting group ${group}`, async (cluster) => {
      const coordinator = await coordinatorOf(cluster, group);
      const { results } = await coordinator.deleteGroups([group]);
      const error = results[0]?.error;
      const type = protocolTypeOf(error);
      if (error !== undefined && type !== "NON_EMPTY_GROUP" && type !== "GROUP_ID_NOT_FOUND") throw error;
      return type;
    });
    if (problem !== "NON_EMPTY_GROUP") return;
    if (performance.now() >= deadlineMs || !(await isHeldByReader(group, calls))) throw groupHasMembers(group);
    await sleep(LOOK_EVERY_MS);
  }
}

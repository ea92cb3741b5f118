import { createBell } from "./bell.js";
import { nameOfPartition } from "./gate.js";
import { createMemoryMember, type GroupView, type LogView, type MemoryMember } from "./memory-member.js";
import type { ConsumeOptions, Consumption, GroupDescription, TopicPartition } from "./port.js";

/**
 * A consumer group: who is in it, who has which partition, what is committed. Every coming and going starts a rebalance:
 * handlers are asked to end, and when all have, a new generation shares the partitions out anew.
 */
export interface MemoryGroup {
  join(options: ConsumeOptions): Consumption;
  committed(at: TopicPartition): number | null;
  commit(at: TopicPartition, offset: number): void;
  describe(): Pick<GroupDescription, "state" | "members">;
  /** Counts as a member that takes no partition, until the answer is called: somebody who reads ranges. */
  hold(): () => void;
  /** Something was appended, or somebody should look again. */
  wake(): void;
  /** The next `wake`. */
  woken(): Promise<void>;
}

export function createMemoryGroup(log: LogView): MemoryGroup {
  const bell = createBell();
  const offsets = new Map<string, number>();
  const members: MemoryMember[] = [];
  let generation = 0;
  let rebalancing = false;
  let holders = 0;
  /** The rebalance that is under way or was last; each waits for the one before. */
  let settled: Promise<void> = Promise.resolve();

  const view: GroupView = {
    log,
    bell,
    generation: () => generation,
    rebalancing: () => rebalancing,
    committed: (at) => offsets.get(nameOfPartition(at)) ?? null,
    commit: (at, offset) => offsets.set(nameOfPartition(at), offset),
  };

  const shareOut = async (): Promise<void> => {
    rebalancing = true;
    bell.ring();
    await Promise.all(members.map((member) => member.idle()));
    generation++;
    rebalancing = false;
    for (const [member, share] of sharesOf(members, log)) member.take(share);
  };

  const rebalance = (): Promise<void> => {
    settled = settled.then(shareOut);
    return settled;
  };

  return {
    join(options) {
      const member = createMemoryMember(options, view);
      members.push(member);
      void rebalance();
      return consumptionOf(member, log, async () => {
        member.retire();
        bell.ring();
        await member.idle();
        members.splice(members.indexOf(member), 1);
        await rebalance();
      });
    },
    committed: view.committed,
    commit: view.commit,
    describe() {
      const count = members.length + holders;
      return { state: rebalancing ? "rebalancing" : count > 0 ? "stable" : "empty", members: count };
    },
    hold() {
      holders++;
      return () => {
        holders--;
      };
    },
    wake: () => bell.ring(),
    woken: () => bell.wait(),
  };
}

function consumptionOf(member: MemoryMember, log: LogView, stop: () => Promise<void>): Consumption {
  let stopping: Promise<void> | null = null;
  return {
    get joined() {
      return member.joined();
    },
    get lastSeenMs() {
      return log.clock.nowMs();
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function sharesOf(members: readonly MemoryMember[], log: LogView): ReadonlyMap<MemoryMember, readonly TopicPartition[]> {
  const shares = new Map(members.map((member): [MemoryMember, TopicPartition[]] => [member, []]));
  for (const [topic, takers] of takersByTopic(members)) {
    for (let partition = 0; partition < log.partitionsOf(topic); partition++) {
      const taker = takers[partition % takers.length];
      if (taker !== undefined) shares.get(taker)?.push({ topic, partition });
    }
  }
  return shares;
}

function takersByTopic(members: readonly MemoryMember[]): ReadonlyMap<string, readonly MemoryMember[]> {
  const takers = new Map<string, MemoryMember[]>();
  for (const member of members) {
    for (const topic of new Set(member.topics)) {
      const known = takers.get(topic) ?? [];
      takers.set(topic, [...known, member]);
    }
  }
  return takers;
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import type { ClusterCalls } from "./cluster-calls.js";
import { protocolTypeOf } from "./kafka-errors.js";
import { byTopic, type KafkajsBroker, type KafkajsCluster } from "./kafkajs-cluster.js";
import { coordinatorOf } from "./kafkajs-coordinator.js";
import type { TopicPartition } from "./port.js";
import { groupHasMembers } from "./reading-checks.js";
import { settlesWithin } from "./within.js";

export interface SeatOptions {
  readonly group: string;
  readonly calls: ClusterCalls;
  readonly stop: AbortSignal;
  readonly timing: SeatTiming;
}

export interface SeatTiming {
  /** A reader that is killed is a member for so long. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** How long the session of a reader that was killed is waited for. */
  readonly leaveWaitMs: number;
  /** How long an outage may take. */
  readonly patienceMs: number;
}

/** What tells a group of readers from one of consumers, which is never joined. */
const READERS = "freshet-reader";
const LEAVE_TIMEOUT_MS = 3000;
const LOOK_EVERY_MS = 250;
/** The seat was lost in an outage that the session did not outlive; it is taken again, unless somebody else has it. */
const LOST = new Set(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS"]);
const OTHERS = new Set(["INCONSISTENT_GROUP_PROTOCOL"]);

/**
 * The only seat of a consumer group: whoever has it reads with that group, and a second reader or a consumer is refused by the
 * broker, since nobody else speaks this seat's own protocol. Offsets are committed as the member that sits on it.
 *
 *   free → taken (`take`) ⇄ lost (session over in an outage; taken again by the next call) → left (`leave`)
 */
export class GroupSeat {
  readonly #options: SeatOptions;
  readonly #protocol = `freshet-reader-${randomUUID()}`;
  #member: { readonly generationId: number; readonly memberId: string } | null = null;
  /** Calls are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #beating: NodeJS.Timeout | undefined;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  /**
   * Takes the seat and keeps it by heartbeats.
   *
   * @param onLost called when the seat cannot be kept
   * @throws FreshetError `usage` FR1005 when the group has members, `wait` when no broker is there
   */
  async take(onLost: (error: unknown) => void): Promise<void> {
    const { calls, group, stop, timing } = this.#options;
    const deadlineMs = performance.now() + timing.leaveWaitMs;
    for (let isTaken = false; !isTaken && !stop.aborted; ) {
      isTaken = await this.#tryToSit();
      if (isTaken) break;
      if (performance.now() >= deadlineMs || !(await isHeldByReader(group, calls))) throw groupHasMembers(group);
      await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    }
    let isBeating = false;
    const beat = async (): Promise<void> => {
      if (isBeating) return;
      isBeating = true;
      await this.#call("sending a heartbeat", (broker, member) => broker.heartbeat(member)).catch(onLost);
      isBeating = false;
    };
    this.#beating = setInterval(() => void beat(), timing.heartbeatMs);
  }

  async #tryToSit(): Promise<boolean> {
    try {
      await this.#call("joining the group", async () => undefined);
      return true;
    } catch (error) {
      if (error instanceof FreshetError && error.code === "FR1005") return false;
      throw error;
    }
  }

  /** Commits the next offset of each partition. */
  async commit(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    if (offsets.length === 0) return;
    const topics = byTopic(offsets, ({ partition, offset }) => ({ partition, offset: String(offset) }));
    await this.#call("committing offsets", (broker, member) => broker.offsetCommit({ ...member, topics }));
  }

  /** Never fails: a seat that cannot be left is free when its session is over. */
  async leave(): Promise<void> {
    clearInterval(this.#beating);
    await settlesWithin(LEAVE_TIMEOUT_MS, this.#last);
    const { group: groupId, calls } = this.#options;
    const memberId = this.#member?.memberId;
    if (memberId === undefined) return;
    const left = calls.once("leaving the group", async (cluster) =>
      (await coordinatorOf(cluster, groupId)).leaveGroup({ groupId, memberId }),
    );
    await settlesWithin(LEAVE_TIMEOUT_MS, left);
  }

  async #call(doing: string, work: (broker: KafkajsBroker, member: Member) => Promise<unknown>): Promise<void> {
    const { calls, group, stop, timing } = this.#options;
    const step = async (cluster: KafkajsCluster): Promise<void> => {
      const broker = await coordinatorOf(cluster, group);
      const { generationId, memberId } = await this.#sit(broker);
      try {
        await work(broker, { groupId: group, groupGenerationId: generationId, memberId });
      } catch (error) {
        if (LOST.has(protocolTypeOf(error) ?? "")) this.#member = null;
        throw error;
      }
    };
    const turn = this.#last.then(() => calls.persist(`${doing} ${group}`, step, { patienceMs: timing.patienceMs, stop }));
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #sit(broker: KafkajsBroker): Promise<{ readonly generationId: number; readonly memberId: string }> {
    if (this.#member !== null) return this.#member;
    const { group: groupId, timing } = this.#options;
    const groupProtocols = [{ name: this.#protocol, metadata: Buffer.of() }];
    const session = { sessionTimeout: timing.sessionMs, rebalanceTimeout: timing.sessionMs, protocolType: READERS };
    try {
      const { generationId, memberId } = await broker.joinGroup({ groupId, memberId: "", ...session, groupProtocols });
      const groupAssignment = [{ memberId, memberAssignment: Buffer.of() }];
      await broker.syncGroup({ groupId, generationId, memberId, groupAssignment });
      this.#member = { generationId, memberId };
      return this.#member;
    } catch (error) {
      if (OTHERS.has(protocolTypeOf(error) ?? "")) throw groupHasMembers(groupId);
      throw error;
    }
  }
}

/** Whether the group's member is a reader, which may have been killed and is gone when its session ends. */
export async function isHeldByReader(group: string, calls: ClusterCalls): Promise<boolean> {
  const { groups } = await calls.persist(`describing group ${group}`, async (cluster) => {
    const broker = await coordinatorOf(cluster, group);
    return broker.describeGroups({ groupIds: [group] });
  });
  return groups.every(({ protocolType }) => protocolType === READERS || protocolType === "");
}

interface Member {
  readonly groupId: string;
  readonly groupGenerationId: number;
  readonly memberId: string;
}

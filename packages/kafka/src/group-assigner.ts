import type { Assigner, Cluster, GroupMember, PartitionAssigner } from "kafkajs";
import kafkajs from "kafkajs";
import { dealOut } from "./deal-out.js";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/**
 * Deals partitions out to the members that want their topic. kafkajs' own assigner gives every member a share of the *leader's*
 * topics: while a deployment adds or removes a topic, partitions go to members that drop them, and are read by nobody.
 * It has the stock one's name, since all members of a group must know a name in common.
 *
 * @param meet is given the consumer's cluster when the consumer is made
 */
export function createGroupAssigner(meet: (cluster: Cluster) => void = () => undefined): PartitionAssigner {
  return ({ cluster }) => {
    meet(cluster);
    const assigner: Assigner = {
      name: "RoundRobinAssigner",
      version: 0,
      protocol: ({ topics }) => ({
        name: "RoundRobinAssigner",
        metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
      }),
      async assign({ members, topics }) {
        const wishes = members.map((member) => ({ memberId: member.memberId, topics: wishesOf(member, topics) }));
        const wanted = [...new Set(wishes.flatMap((wish) => wish.topics))].sort();
        await learnOf(cluster, wanted);
        const shares = dealOut(wishes, new Map(wanted.map((topic) => [topic, partitionsOf(cluster, topic)])));
        return [...shares].map(([memberId, assignment]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
        }));
      },
    };
    return assigner;
  };
}

/** A member that cannot be understood wants what the leader wants, as with the stock assigner. */
function wishesOf({ memberMetadata }: GroupMember, leaders: readonly string[]): readonly string[] {
  try {
    return MemberMetadata.decode(memberMetadata)?.topics ?? leaders;
  } catch {
    return leaders;
  }
}

/** Topics that only others read. One that this member may not see is left out until a member leads that may. */
async function learnOf(cluster: Cluster, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    if (partitionsOf(cluster, topic).length > 0) continue;
    try {
      await cluster.addMultipleTargetTopics([topic]);
    } catch {
      // kafkajs has taken the topic off its list again
    }
  }
}

function partitionsOf(cluster: Cluster, topic: string): readonly number[] {
  return cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
}

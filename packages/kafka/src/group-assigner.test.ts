import { describe, expect, test } from "@jest/globals";
import type { Cluster, Logger } from "kafkajs";
import kafkajs from "kafkajs";
import { dealOut } from "./deal-out.js";
import { createGroupAssigner } from "./group-assigner.js";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const wish = (memberId: string, ...topics: string[]) => ({ memberId, topics });

describe("partitions are dealt out", () => {
  test("evenly, to members that want their topic and to no others", () => {
    const partitions = new Map([
      ["a", [0, 1, 2, 3]],
      ["b", [0, 1]],
    ]);
    const shares = dealOut([wish("m2", "a", "b"), wish("m1", "a")], partitions);
    expect(Object.fromEntries(shares)).toEqual({ m1: { a: [0, 2] }, m2: { a: [1, 3], b: [0, 1] } });
  });

  test("each to exactly one member, whoever they are", () => {
    for (let members = 1; members <= 7; members++) {
      const ids = Array.from({ length: members }, (_, at) => `m${at}`);
      const partitions = new Map([["a", [...Array(12).keys()]]]);
      const shares = [
        ...dealOut(
          ids.map((id) => wish(id, "a")),
          partitions,
        ).values(),
      ].map((share) => share.a ?? []);
      expect(shares.flat().sort((x, y) => x - y)).toEqual([...Array(12).keys()]);
      expect(Math.max(...shares.map((share) => share.length)) - Math.min(...shares.map((share) => share.length))).toBeLessThanOrEqual(1);
    }
  });

  test("and a topic that nobody wants is left alone", () => {
    expect(Object.fromEntries(dealOut([wish("m", "a")], new Map([["b", [0]]])))).toEqual({ m: {} });
  });
});

/** A cluster that knows the partitions of topics it was told to look at. */
function clusterOf(partitions: Readonly<Record<string, number>>, known: readonly string[]) {
  const targets = new Set(known);
  const cluster: Pick<Cluster, "findTopicPartitionMetadata" | "addMultipleTargetTopics"> = {
    findTopicPartitionMetadata: (topic) =>
      targets.has(topic)
        ? Array.from({ length: partitions[topic] ?? 0 }, (_, partitionId) => ({
            partitionId,
            partitionErrorCode: 0,
            leader: 1,
            replicas: [],
            isr: [],
          }))
        : [],
    async addMultipleTargetTopics(topics) {
      for (const topic of topics) {
        if (partitions[topic] === undefined) throw new Error("no such topic");
        targets.add(topic);
      }
    },
  };
  return cluster as Cluster;
}

async function assigned(cluster: Cluster, members: readonly { memberId: string; memberMetadata: Buffer }[], topics: string[]) {
  const logger: Partial<Logger> = {};
  const assigner = createGroupAssigner()({ cluster, groupId: "g", logger: logger as Logger });
  const given = await assigner.assign({ members: [...members], topics });
  return Object.fromEntries(
    given.map(({ memberId, memberAssignment }) => [memberId, { ...MemberAssignment.decode(memberAssignment)?.assignment }]),
  );
}

const reads = (memberId: string, ...topics: string[]) => ({
  memberId,
  memberMetadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
});

describe("a leader that was deployed before the others", () => {
  test("gives out the topic that only the newer ones read, and none of it to the older ones", async () => {
    const cluster = clusterOf({ old: 2, added: 2 }, ["old"]);
    expect(await assigned(cluster, [reads("new", "old", "added"), reads("leader", "old")], ["old"])).toEqual({
      leader: { old: [0, 1] },
      new: { added: [0, 1] },
    });
  });

  test("leaves out what it may not see, and the rest is given out", async () => {
    const cluster = clusterOf({ old: 2 }, ["old"]);
    expect(await assigned(cluster, [reads("leader", "old"), reads("new", "secret", "old")], ["old"])).toEqual({
      leader: { old: [0] },
      new: { old: [1] },
    });
  });

  test("takes a member whose wishes it cannot read for one like itself", async () => {
    const cluster = clusterOf({ old: 2 }, ["old"]);
    expect(await assigned(cluster, [{ memberId: "a", memberMetadata: Buffer.from([9]) }, reads("b", "old")], ["old"])).toEqual({
      a: { old: [0] },
      b: { old: [1] },
    });
  });
});

test("what a member wishes is what stock kafkajs would say", () => {
  const cluster = clusterOf({ a: 1 }, ["a"]);
  const logger: Partial<Logger> = {};
  const config = { cluster, groupId: "g", logger: logger as Logger };
  const ours = createGroupAssigner()(config).protocol({ topics: ["a", "b"] });
  expect(ours).toEqual(kafkajs.PartitionAssigners.roundRobin(config).protocol({ topics: ["a", "b"] }));
});

import type { ClusterView, KafkaRight, TopicHealth } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { checkRights } from "./rights-check.js";

const used = { sources: ["orders"], deadLetters: "freshet.dlq.d", group: "freshet-d" };

function topic(name: string, rights: readonly KafkaRight[] | null, state: TopicHealth["state"] = "there"): TopicHealth {
  const counts = { partitions: 1, replicas: 1, inSyncReplicas: 1, partitionsWithoutLeader: 0, settings: null };
  return { topic: name, state, ...counts, rights: rights === null ? null : new Set(rights) };
}

function kafka(topics: readonly TopicHealth[], group: readonly KafkaRight[] | null) {
  const view: ClusterView = { brokers: [], release: "", topics, groupRights: group === null ? null : new Set(group) };
  return { inspect: async () => view };
}

describe("rights at the start", () => {
  const source = topic("orders", ["READ", "DESCRIBE", "DESCRIBE_CONFIGS"]);
  const letters = topic("freshet.dlq.d", ["WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"]);

  test("all there: nothing to say", async () => {
    await expect(checkRights(used, kafka([source, letters], ["READ", "DESCRIBE"]))).resolves.toBeUndefined();
  });

  test("a coordinator that does not answer is waited for", async () => {
    const trouble = new FreshetError("FR3001", "wait", "the coordinator is away", "Wait.");
    const { inspect } = kafka([source, letters], null);
    const later = { inspect: async () => ({ ...(await inspect()), groupTrouble: trouble }) };
    await expect(checkRights(used, later)).rejects.toBe(trouble);
  });

  test("each that is missing is named in Kafka's words", async () => {
    const lacking = kafka([topic("orders", ["DESCRIBE"]), topic("freshet.dlq.d", null, "forbidden")], []);
    const topics = "Read on topic orders, DescribeConfigs on topic orders, Write on topic freshet.dlq.d, Describe on topic freshet.dlq.d";
    await expect(checkRights(used, lacking)).rejects.toMatchObject({
      code: "FR3006",
      disposition: "halt",
      message: `Kafka does not allow this user: ${topics}, DescribeConfigs on topic freshet.dlq.d, Read on group freshet-d, Describe on group freshet-d`,
    });
  });

  test("a canary's topic is read and written", async () => {
    const sources = ["orders", "freshet.canary.d"];
    const withCanary = { ...used, sources, canaries: ["freshet.canary.d"] };
    const read = topic("freshet.canary.d", ["READ", "DESCRIBE", "DESCRIBE_CONFIGS"]);
    const view = kafka([source, read, letters], ["READ", "DESCRIBE"]);
    await expect(checkRights({ ...used, sources }, view)).resolves.toBeUndefined();
    const message = "Kafka does not allow this user: Write on topic freshet.canary.d";
    await expect(checkRights(withCanary, view)).rejects.toMatchObject({ code: "FR3006", message });
  });

  test("brokers that do not tell, and topics that are missing, are for others to find", async () => {
    const silent = kafka([topic("orders", null), topic("freshet.dlq.d", null, "missing")], null);
    await expect(checkRights(used, silent)).resolves.toBeUndefined();
  });
});

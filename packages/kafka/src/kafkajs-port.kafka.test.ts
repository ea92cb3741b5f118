import { kafkaConformance, testKafkaBroker } from "@freshet/testkit";
import kafkajs from "kafkajs";
import { createKafkajsPort } from "./kafkajs-port.js";
import type { TopicPartition } from "./port.js";

const clock = { nowMs: () => Date.now() };
/** A second reader is refused without the wait for one that may have been killed. */
const readingTiming = { leaveWaitMs: 1000 };

kafkaConformance(
  "kafkajs",
  () => createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "freshet-conformance", clock, readingTiming }),
  deleteBefore,
);

async function deleteBefore({ topic, partition }: TopicPartition, offset: number): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [testKafkaBroker()], clientId: "stock", logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.fetchTopicOffsets(topic); // stock needs to have heard of the topic
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  } finally {
    await admin.disconnect();
  }
}

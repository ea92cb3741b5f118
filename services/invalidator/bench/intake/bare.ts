// The least that busts: a stock kafkajs consumer that unlinks the key of each event, and nothing else.
import process from "node:process";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { workloadArgument } from "../report.ts";
import { keyOf, PARTITIONS, type Workload } from "../workload.ts";

const workload = workloadArgument<Workload>();
const redis = new Redis(workload.redisUrl);
const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `${workload.topic}-bare-${process.pid}`, maxWaitTimeInMs: 500 });
await consumer.connect();
await consumer.subscribe({ topics: [workload.topic], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: PARTITIONS,
  eachMessage: async ({ message }) => {
    const event = JSON.parse(String(message.value));
    await redis.unlink(keyOf(workload.prefix, event.subject, event.type));
  },
});
process.on("SIGTERM", () => void consumer.disconnect().then(() => redis.disconnect()));

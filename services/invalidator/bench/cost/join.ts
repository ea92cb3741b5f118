// The least that a start with Kafka takes: a stock kafkajs consumer that joins a group and says when the first record is there.
import process from "node:process";
import kafkajs from "kafkajs";
import { workloadArgument } from "../report.ts";
import type { Workload } from "../workload.ts";

const workload = workloadArgument<Workload>();
const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `${workload.topic}-join`, maxWaitTimeInMs: 500 });
await consumer.connect();
await consumer.subscribe({ topics: [workload.topic], fromBeginning: true });
await consumer.run({ eachMessage: async () => void process.send?.("fetched") });
process.on("SIGTERM", () => void consumer.disconnect().then(() => process.disconnect()));

// Stock kafkajs handing out batches, and nothing done with them; `parse` reads each record as JSON, nothing more.
import process from "node:process";
import kafkajs from "kafkajs";
import { createCounter, workloadArgument } from "./report.ts";
import { PARTITIONS, type Workload } from "./workload.ts";

const workload = workloadArgument<Workload & { readonly parse: boolean }>();
const counter = createCounter(workload.events);
const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `${workload.topic}-noop-${process.pid}`, maxWaitTimeInMs: 500 });
await consumer.connect();
await consumer.subscribe({ topics: [workload.topic], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: PARTITIONS,
  eachBatch: async ({ batch }) => {
    counter.count(0);
    if (workload.parse) for (const message of batch.messages) JSON.parse(String(message.value));
    counter.count(batch.messages.length);
  },
});
await counter.finished;
await consumer.disconnect();

// What one writes first: a message at a time, one script call each.
import process from "node:process";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { createCounter, workloadArgument } from "./report.ts";
import { keyOf, PARTITIONS, type Workload } from "./workload.ts";

const BUST = `local v = redis.call('HGET', KEYS[1], 'version')
if v and (#v < #ARGV[1] or (#v == #ARGV[1] and v < ARGV[1])) then redis.call('UNLINK', KEYS[1]) return 1 end
return 0`;

const workload = workloadArgument<Workload>();
const counter = createCounter(workload.events);
const redis = new Redis(workload.redisUrl);
const sha = String(await redis.script("LOAD", BUST));
const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `${workload.topic}-obvious-${process.pid}`, maxWaitTimeInMs: 500 });
await consumer.connect();
await consumer.subscribe({ topics: [workload.topic], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: PARTITIONS,
  eachMessage: async ({ message }) => {
    counter.count(0);
    const event = JSON.parse(String(message.value));
    if (event.data.price !== event.data.previous.price)
      await redis.evalsha(sha, 1, keyOf(workload.prefix, event.subject, event.type), event.freshetversion);
    counter.count(1);
  },
});
await counter.finished;
await consumer.disconnect();
redis.disconnect();

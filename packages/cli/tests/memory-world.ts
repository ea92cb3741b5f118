import { createMemoryLog, type KafkaPort, type MemoryLog } from "@freshet/kafka";
import { createMemoryStore } from "@freshet/store";
import { NOW_MS, type World } from "./transcript.js";

/** A broker and a store in memory, at the time of the transcripts, and the world in which a command finds them. */
export interface MemoryWorld {
  readonly log: MemoryLog;
  readonly kafka: KafkaPort;
  readonly store: ReturnType<typeof createMemoryStore>;
  readonly world: World & { readonly kafka: KafkaPort };
}

/** @param topics get one partition each. */
export async function openMemoryWorld(rules: string, topics: readonly string[]): Promise<MemoryWorld> {
  const log = createMemoryLog({ clock: { nowMs: () => NOW_MS } });
  const kafka = log.client();
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const store = createMemoryStore({ nowUs: () => NOW_MS * 1000 });
  return { log, kafka, store, world: { files: { "rules.yaml": rules }, kafka, store } };
}

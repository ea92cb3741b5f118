import { ensureJava } from "../servers/java.js";
import { startKafka } from "../servers/kafka.js";
import { ensureKafkaJars, KAFKA_VERSION } from "../servers/kafka-jars.js";
import { ensureAlertmanager, ensurePrometheus } from "../servers/prometheus.js";
import { ensureRedis, startRedis } from "../servers/redis.js";
import type { Say } from "../servers/system-packages.js";
import type { Provider } from "./provision.js";

const HEAP_MB = 512;

/** Processes of this machine: `redis-server`, and Apache Kafka from its Maven artifacts. */
export const nativeProvider: Provider = {
  name: "native",
  needs: "install redis-server, Java 17 or newer, and Maven (as root on Debian this happens by itself)",
  provide: async (say) => {
    await prepareServers(say);
    const redis = await startRedis();
    try {
      const kafka = await startKafka({ heapMb: HEAP_MB });
      const close = async () => void (await Promise.all([redis.close(), kafka.close()]));
      return { told: `native (redis-server, Apache Kafka ${KAFKA_VERSION})`, kafka: kafka.broker, redis: redis.url, close };
    } catch (error) {
      await redis.close();
      throw error;
    }
  },
};

/**
 * Fetches and installs what `startRedis`, `startKafka`, `startPrometheus` and `startAlertmanager` need, so that no test pays for it.
 *
 * @throws Error that says what is missing.
 */
export async function prepareNative(say: Say): Promise<void> {
  await prepareServers(say);
  await ensurePrometheus(say);
  await ensureAlertmanager(say);
}

async function prepareServers(say: Say): Promise<void> {
  await ensureRedis(say);
  await ensureJava(say);
  await ensureKafkaJars(say);
}

import { givenImages, presetTestcontainers } from "../config.js";
import type { Say } from "../servers/system-packages.js";
import type { Provider, Provision } from "./provision.js";

/** The image to pull, and the names under which it may be at hand where nothing can be pulled. */
interface Wanted {
  readonly given: string | undefined;
  readonly public: string;
  readonly local: string;
}

const KAFKA_PUBLIC = "apache/kafka:4.3.0";
const KAFKA_LOCAL = "kafka:4.3-local";
const REDIS_PUBLIC = "redis:7.2-alpine";
const REDIS_LOCAL = "redis:7.0-local";
const PULL_TIMEOUT_MS = 5 * 60_000;

/** Containers, by testcontainers: images at hand, or pulled. */
export const dockerProvider: Provider = {
  name: "docker",
  needs: `start Docker; where no image can be pulled, run scripts/local-images.sh, or name images in FRESHET_TEST_KAFKA_IMAGE and FRESHET_TEST_REDIS_IMAGE`,
  provide: async (say) => {
    const images = await findImages(say);
    return startContainers(images);
  },
};

interface Images {
  readonly kafka: string;
  readonly redis: string;
}

/** @throws Error when there is no daemon, or an image is neither at hand nor can be pulled. */
export async function findImages(say: Say): Promise<Images> {
  presetTestcontainers();
  const given = givenImages();
  const redis = await findImage({ given: given.redis, public: REDIS_PUBLIC, local: REDIS_LOCAL }, say);
  const kafka = await findImage({ given: given.kafka, public: KAFKA_PUBLIC, local: KAFKA_LOCAL }, say);
  return { kafka, redis };
}

async function startContainers(images: Images): Promise<Provision> {
  // Loaded here only: it is large, and most runs of a single test never need it.
  const { startKafkaContainer, startRedisContainer } = await import("./containers.js");
  const redis = await startRedisContainer(images.redis);
  try {
    const kafka = await startKafkaContainer(images.kafka);
    const close = async () => void (await Promise.all([redis.close(), kafka.close()]));
    return { told: `docker (${images.redis}, ${images.kafka})`, kafka: kafka.address, redis: `redis://${redis.address}`, close };
  } catch (error) {
    await redis.close();
    throw error;
  }
}

async function findImage(wanted: Wanted, say: Say): Promise<string> {
  const { getContainerRuntimeClient, ImageName } = await import("testcontainers");
  const { image } = await getContainerRuntimeClient().catch(() => {
    throw new Error("no Docker daemon answers");
  });
  const atHand = async (name: string) => image.exists(ImageName.fromString(name));
  const names = wanted.given === undefined ? [wanted.public, wanted.local] : [wanted.given];
  for (const name of names) {
    if (await atHand(name)) return name;
  }
  const [name = wanted.public] = names;
  say(`pulling ${name}`);
  try {
    await withinPullTime(image.pull(ImageName.fromString(name)));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`${names.join(" and ")} are not at hand, and ${name} cannot be pulled: ${cause}`);
  }
  return name;
}

async function withinPullTime(pull: Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(PULL_TIMEOUT_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`not within ${PULL_TIMEOUT_MS / 1000} s`)), { once: true });
  });
  await Promise.race([pull, late]);
}

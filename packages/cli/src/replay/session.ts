import { setTimeout as sleep } from "node:timers/promises";
import type { KafkaPort } from "@freshet/kafka/port";
import { boundedKafka, type ReplayKafka, type RunJobPorts } from "@freshet/replay";
import type { StorePort } from "@freshet/store/port";
import type { Deployment, Deps } from "../deps.js";

/**
 * What Kafka has for each answer while somebody waits at a terminal, after Ctrl-C too, and how long a reading may be silent: longer
 * than a group takes to form, and where nothing else is answered either, longer than brokers take to replace one that died (9 s).
 */
const PATIENCE = {
  answerMsMax: 8000,
  silenceMsMax: 25_000,
  doubtMs: 10_000,
  doubtAnswerMsMax: 5000,
  farewellMsMax: 3000,
  lastMsMax: 1000,
};
const CLOSE_MS_MAX = 1000;

/** Kafka and Redis of a deployment, for as long as a command takes. */
export interface Session extends RunJobPorts {
  readonly kafka: ReplayKafka;
}

/** Waits so long, or until the signal. */
export function pause(ms: number, stop: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal: stop }).catch(() => {});
}

/**
 * Opens both, uses them, closes them. Every answer of Kafka's comes in bounded time; reading may take as long as it takes, while
 * records come. After an error nothing is closed: the process ends, and a peer that is away could only delay it.
 */
export async function withSession<T>(
  deployment: Deployment,
  { clock, stepBack, stop }: Pick<Deps, "clock" | "stepBack" | "stop">,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  stepBack();
  const [kafka, store] = await Promise.all([deployment.connectKafka(), deployment.connectStore()]);
  const frames = deployment.connectFrames(clock);
  const result = await use({ kafka: boundedKafka(kafka, { ...PATIENCE, stop }), store, frames, clock, pause });
  frames.close();
  await closed(kafka, store);
  return result;
}

/** The same without Redis. */
export async function withKafka<T>(
  deployment: Deployment,
  { stop }: Pick<Deps, "stop">,
  use: (kafka: ReplayKafka) => Promise<T>,
): Promise<T> {
  const kafka = await deployment.connectKafka();
  const result = await use(boundedKafka(kafka, { ...PATIENCE, stop }));
  await closed(kafka);
  return result;
}

async function closed(...ports: readonly (KafkaPort | StorePort)[]): Promise<void> {
  const closing = Promise.all(ports.map((port) => port.close().catch(() => {}))); // the work is done; how it parts matters to nobody
  const patience = new AbortController();
  await Promise.race([closing, pause(CLOSE_MS_MAX, patience.signal)]);
  patience.abort();
}

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshPrefix, type OwnKafkaCluster, type OwnRedis, startKafkaCluster, startRedis, until } from "@freshet/testkit";
import { expect } from "@jest/globals";
import { closeInTurn } from "../close-in-turn.js";
import { drillKafkaVersion, testSeed } from "../config.js";
import { type Act, openScene, prepare, type Scene, stopped } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import type { WorkloadSize } from "../workload.js";
import { accountFor } from "./account.js";
import { type BrokerView, openBrokerView } from "./broker-view.js";
import { type Progress, watchProgress } from "./progress.js";

export interface Account {
  /** In the topic. */
  readonly records: number;
  /** How often a record was ended, by services as they were last asked: more than `records` where some were ended twice. */
  readonly ended: number;
}

export interface DrillOptions {
  readonly name: string;
  /** Of the cluster: 3, or 1 where the broker itself is not what is tried. */
  readonly nodes: 1 | 3;
  readonly size: WorkloadSize;
  /** Of the topic at first; the workload's by default. */
  readonly partitions?: number;
  /** Settings of the brokers. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A cluster, a Redis, a topic with its workload, and services: all of one drill's own. */
export interface Drill {
  readonly scene: Scene;
  readonly act: Act;
  readonly cluster: OwnKafkaCluster;
  readonly brokers: BrokerView;
  readonly services: readonly ServiceProcess[];
  /** Prints a line with the seconds that have passed. */
  tell(text: string): void;
  /** Starts a service and waits until it is ready. */
  start(): Promise<ServiceProcess>;
  /** What all services that run have counted, and how it moves. */
  readonly progress: Progress;
  /** Waits until everything is committed, then fails unless every record of the topic is accounted for. */
  checkAll(acknowledged: number): Promise<Account>;
  /** Ends the services by SIGTERM and expects each to end well. */
  stopServices(): Promise<void>;
  close(): Promise<void>;
}

const HEAP_MB = 256;
/** A paused broker keeps the drill's own clients waiting no longer than this. */
const REQUEST_TIMEOUT_MS = 5000;
const READY_TIMEOUT_MS = 120_000;
const DRAIN_TIMEOUT_MS = 180_000;

async function openDrill(options: DrillOptions): Promise<Drill> {
  const { name, nodes, size, properties = {} } = options;
  const startedMs = performance.now();
  const tell = (text: string) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(`${name} ${seconds.padStart(6)} s  ${text}\n`);
  };
  const seed = testSeed();
  const version = drillKafkaVersion();
  tell(`seed ${seed}; ${nodes} node(s) of Kafka ${version ?? ""}, ${size.events} events of ${size.products} products`);
  return await closeInTurn(async (onClose) => {
    const cluster = await startKafkaCluster({ nodes, heapMb: HEAP_MB, properties, ...(version === undefined ? {} : { version }) });
    onClose(() => cluster.close());
    const redis: OwnRedis = await startRedis();
    onClose(() => redis.close());
    const scene = await openScene({
      name: freshPrefix(name),
      broker: cluster.brokers,
      redisUrl: redis.url,
      partitions: options.partitions ?? size.partitions,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    onClose(() => scene.close());
    const brokers = await openBrokerView(cluster.brokers, REQUEST_TIMEOUT_MS);
    onClose(() => brokers.close());
    const act = await prepare(scene, { seed, size, entriesPerKind: Math.ceil(size.products * 1.05) });
    const before = (await act.differences()).length;
    expect(before).toBeGreaterThan(size.products / 4); // there is something to do, and the check sees it
    const services: ServiceProcess[] = [];
    const progress = watchProgress(services);
    onClose(() => progress.stop());
    tell(`cluster, topics and ${act.initial.length} entries are there; ${before} of them are not yet as they must be`);
    return {
      scene,
      act,
      cluster,
      brokers,
      services,
      tell,
      progress,
      start: async () => {
        const service = await scene.start();
        services.push(service);
        await until(async () => (await readyOf(service)) === 200, {
          timeoutMs: READY_TIMEOUT_MS,
          pollMs: 100,
          what: "the service is ready",
        });
        return service;
      },
      checkAll: (acknowledged: number) => checkAll({ scene, act, brokers, services, progress, tell }, acknowledged),
      stopServices: async () => {
        await progress.stop();
        for (const service of services.filter((one) => !one.isGone())) {
          expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
        }
      },
    };
  });
}

async function readyOf(service: ServiceProcess): Promise<number> {
  if (service.isGone()) throw new Error(`the service ended by itself:\n${service.output().slice(-4000)}`);
  return (await service.readyz())?.status ?? 0;
}

async function checkAll(
  drill: Pick<Drill, "scene" | "act" | "brokers" | "services" | "progress" | "tell">,
  acknowledged: number,
): Promise<Account> {
  const { progress, tell } = drill;
  await drainedToEnd(drill);
  const records = await accountFor({ ...drill, acknowledged });
  await until(() => progress.total() >= records, { timeoutMs: 30_000, what: "services have counted every record" });
  const ended = progress.total();
  tell(`duplicate ratio: ${((100 * (ended - records)) / records).toFixed(2)} % of ${records} records were ended again`);
  return { records, ended };
}

/** Waits until the group has committed each partition to its end. Fails at once when no service is left. */
async function drainedToEnd(drill: Pick<Drill, "scene" | "brokers" | "services">): Promise<void> {
  const { scene, brokers, services } = drill;
  const isDrained = async () => {
    if (services.every((service) => service.isGone())) throw new Error("no service is left");
    return (await brokers.behind(scene.group, scene.topic)) === 0;
  };
  await until(isDrained, { timeoutMs: DRAIN_TIMEOUT_MS, pollMs: 250, what: "every partition is committed to its end" });
}

/** What services said is kept for whoever looks into it: more than a terminal should show. */
async function keepOutputs({ services, tell }: Drill): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-drill-"));
  for (const [at, service] of services.entries()) await writeFile(join(folder, `service-${at + 1}.log`), service.output());
  tell(`what the services said is in ${folder}`);
}

/** What every drill's test does: opens it, lets it run, closes it, whatever happened. */
export async function runDrill(options: DrillOptions, run: (drill: Drill) => Promise<void>): Promise<void> {
  const drill = await openDrill(options);
  try {
    await run(drill);
    drill.tell("held");
  } catch (error) {
    drill.tell(`BROKEN: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    await keepOutputs(drill);
    throw error;
  } finally {
    await drill.close();
  }
}

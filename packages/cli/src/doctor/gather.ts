import { type Config, canaryOf, canaryTopics, isEvictionHarmless, readLag, readSweeps, type SweepReport } from "@freshet/invalidator";
import type { KafkaPort } from "@freshet/kafka/port";
import { asFreshetError, FreshetError } from "@freshet/protocol";
import type { CompiledRules, LoadResult } from "@freshet/rules";
import type { StorePort } from "@freshet/store/port";
import { kafkaPeer, type Peer, redisPeer, within } from "../bounded.js";
import type { Deployment, Deps } from "../deps.js";
import { inspectRules } from "../rules-file.js";
import { readTopicSpecs } from "../topic-specs.js";
import { type Answer, type Facts, knownOf, type ServerFacts } from "./facts.js";
import { isCanary } from "./judge-topics.js";
import { sampleTopics } from "./sample.js";

export interface DoctorTerms {
  /** Sources must keep their records so long, in milliseconds. */
  readonly replayWindowMs: number;
  /** Records that wait longer are a finding, in milliseconds. */
  readonly staleAfterMs: number;
}

export interface Patient {
  readonly config: Config;
  readonly deployment: Deployment;
  readonly terms: DoctorTerms;
}

/** One question to a broker or a server. */
const ASK_MS = 12_000;
const CLOSE_MS = 1000;

/** Asks everything that is judged later; whatever cannot be asked is part of the answer. Changes nothing, ends in bounded time. */
export async function gather(patient: Patient, deps: Deps): Promise<Facts> {
  const { config, deployment, terms } = patient;
  const rules = await askRules(deployment, deps);
  const compiled = knownOf(rules)?.rules ?? null;
  const ownTopics = (await readTopicSpecs(deployment.name, deps)).filter(({ topic }) => !isCanary(topic) || canaryOf(config) === topic);
  const redis = await askRedis(patient, compiled, deps);
  const own = ownTopics.map(({ topic }) => topic);
  const kafka = await askKafka(patient, { compiled, own, sweeps: redis.sweeps }, deps);
  return {
    group: config.kafka.group,
    brokersNamed: config.kafka.brokers,
    replayWindowMs: terms.replayWindowMs,
    rulesFile: deployment.rulesFile,
    canaryTopics: compiled === null ? [] : canaryTopics(config, compiled),
    ...{ rules, ownTopics, ...kafka, servers: redis.servers, probe: redis.probe, bounds: redis.bounds },
  };
}

async function askRules({ rulesFile, prefix }: Deployment, deps: Deps): Promise<Answer<LoadResult>> {
  if (rulesFile === null) return { kind: "skipped", because: "no rules file is named" };
  return await answered(inspectRules(rulesFile, deps, prefix));
}

async function answered<T>(work: Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: "known", value: await work };
  } catch (error) {
    return { kind: "failed", error: asFreshetError(error) };
  }
}

/** Questions to one peer, one after the other: once it did not answer, nothing more is asked. */
function askerOf(peer: Peer) {
  let silent = false;
  const late = () => new FreshetError(peer.code, "wait", `${peer.problem} (${ASK_MS / 1000} s)`, peer.fix);
  return async <T>(ask: () => Promise<T>): Promise<Answer<T>> => {
    if (silent) return { kind: "skipped", because: peer.problem };
    const answer = await answered(within(ASK_MS, ask(), late));
    silent = answer.kind === "failed" && answer.error.disposition === "wait";
    return answer;
  };
}

type RedisFacts = Pick<Facts, "servers" | "probe" | "bounds"> & { readonly sweeps: SweepReport | null };

async function askRedis({ config, deployment }: Patient, compiled: CompiledRules | null, deps: Deps): Promise<RedisFacts> {
  const ask = askerOf(redisPeer);
  const because = "FRESHET_REDIS_URL is not set";
  if (config.redis.url === null) {
    const skipped = { kind: "skipped", because } as const;
    return { servers: skipped, probe: skipped, bounds: skipped, sweeps: null };
  }
  const probed = { evictionIsHarmless: compiled !== null && isEvictionHarmless(compiled) };
  const connected = await ask(() => deployment.connectStore(probed));
  if (connected.kind !== "known") return { servers: connected, probe: connected, bounds: connected, sweeps: null };
  const store = connected.value;
  // A connection that is refused may at first look like one that is lost: another attempt tells more.
  const probe = await ask(() => store.probe().catch((error: unknown) => againIfLost(error, () => store.probe())));
  const servers = await ask(() => timedServers(store, deps.clock));
  const bounds = await ask(() => store.readBounds());
  const sweeps = knownOf(await ask(() => readSweeps(store, deps.clock)));
  if (probe.kind === "known") await settled(store.close());
  return { probe, servers, bounds, sweeps };
}

async function againIfLost<T>(thrown: unknown, ask: () => Promise<T>): Promise<T> {
  const error = asFreshetError(thrown);
  if (error.disposition !== "wait") throw error;
  return await ask();
}

/** By how much each clock is ahead, as far as the time of the answer tells. */
async function timedServers(store: StorePort, clock: Deps["clock"]): Promise<readonly ServerFacts[]> {
  const beforeMs = clock.nowMs();
  const views = await store.servers();
  const afterMs = clock.nowMs();
  return views.map((view) => {
    const { clockMs } = view;
    // The servers' clocks tell more than whole milliseconds, ours does not.
    const aheadMs = clockMs === null ? null : { least: clockMs - afterMs - 1, most: clockMs - beforeMs };
    return { ...view, aheadMs };
  });
}

interface Known {
  readonly compiled: CompiledRules | null;
  readonly own: readonly string[];
  readonly sweeps: SweepReport | null;
}

type KafkaFacts = Pick<Facts, "cluster" | "lag" | "samples">;

async function askKafka(patient: Patient, known: Known, deps: Deps): Promise<KafkaFacts> {
  const { config, deployment } = patient;
  const ask = askerOf(kafkaPeer);
  const connected = await ask(() => deployment.connectKafka());
  if (connected.kind !== "known") return { cluster: connected, lag: connected, samples: connected };
  const kafka = connected.value;
  const topics = [...(known.compiled?.topics ?? []), ...known.own];
  const cluster = await ask(() => kafka.inspect(topics, config.kafka.group));
  const flow = cluster.kind === "known" ? await askFlow(kafka, { patient, known, ask }, deps) : notAsked("Kafka could not be asked");
  if (cluster.kind === "known") await settled(kafka.close());
  return { cluster, ...flow };
}

function notAsked(because: string): Pick<KafkaFacts, "lag" | "samples"> {
  return { lag: { kind: "skipped", because }, samples: { kind: "skipped", because } };
}

interface Asking {
  readonly patient: Patient;
  readonly known: Known;
  readonly ask: ReturnType<typeof askerOf>;
}

/** What needs rules: where the group stands, and what the newest records become. */
async function askFlow(kafka: KafkaPort, { patient, known, ask }: Asking, deps: Deps): Promise<Pick<KafkaFacts, "lag" | "samples">> {
  const { compiled, sweeps } = known;
  if (compiled === null) return notAsked("there are no rules without findings");
  const { config, deployment, terms } = patient;
  const group = `freshet-doctor-${deployment.name}-${deps.newId()}`;
  const { clock, pause } = deps;
  const lag = await ask(() =>
    readLag({ kafka, group: config.kafka.group, topics: compiled.topics, staleAfterMs: terms.staleAfterMs, sweeps, clock, pause }),
  );
  const frames = deployment.connectFrames(clock);
  const samples = await ask(() => sampleTopics(kafka, { rules: compiled, group, frames }));
  frames.close();
  return { lag, samples };
}

/** The work is done; how they part matters to nobody. */
async function settled(closing: Promise<void>): Promise<void> {
  await within(CLOSE_MS, closing, () => new Error("closing took too long")).catch(() => {});
}

import type { KafkaPort, TopicDescription, TopicSpec } from "@freshet/kafka/port";
import { kafkaPeer, useBounded } from "../bounded.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { readTopicSpecs } from "../topic-specs.js";

export interface TopicsCreateOptions {
  readonly flags: Flags;
  readonly json: boolean;
}

/** A topic that was there and is not as it should be. Freshet changes no topic that it did not just make. */
interface TopicFinding {
  readonly topic: string;
  readonly problem: string;
  readonly fix: string;
}

const LOOK_AGAIN_MS = 100;
/** Brokers that are busy take some seconds to make topics. */
const PATIENCE_MS = 20_000;

/** Makes the topics Freshet itself owns and looks whether they are there. Run it as often as you like. */
export async function topicsCreate(io: Io, deps: Deps, options: TopicsCreateOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const specs = await readTopicSpecs(deployment.name, deps);
  const { created, found } = await useBounded(
    { ...kafkaPeer, patienceMs: PATIENCE_MS },
    () => deployment.connectKafka(),
    async (kafka) => ({ created: await kafka.createTopics(specs), found: await findAll(specs, kafka, deps) }),
  );
  const findings = specs.flatMap((spec) => check(spec, found));
  const topics = specs.map(({ topic }) => ({ topic, created: created.includes(topic) }));
  if (options.json) outJson(io, { topics, findings });
  else for (const { topic, created: isNew } of topics) io.out(`${topic} ${isNew ? "created" : "was there already"}`);
  for (const { topic, problem, fix } of findings) io.talk(`${topic} ${problem} — ${fix}`);
  return findings.length === 0 ? exitCodes.done : exitCodes.findings;
}

/** A topic that was just made may take a moment to be seen by every broker; `useBounded` ends a wait that has no end. */
async function findAll(specs: readonly TopicSpec[], kafka: KafkaPort, deps: Deps): Promise<readonly TopicDescription[]> {
  const names = specs.map((spec) => spec.topic);
  for (;;) {
    const found = await kafka.describeTopics(names);
    if (found.length === names.length || deps.stop.aborted) return found;
    await deps.pause(LOOK_AGAIN_MS);
  }
}

function check(spec: TopicSpec, found: readonly TopicDescription[]): readonly TopicFinding[] {
  const { topic } = spec;
  const description = found.find((candidate) => candidate.topic === topic);
  if (description === undefined) return [{ topic, problem: "is not there", fix: "look at the broker's log" }];
  const wanted = Number(spec.config["max.message.bytes"] ?? "0");
  if (description.maxMessageBytes >= wanted) return [];
  const problem = `takes records of ${description.maxMessageBytes} bytes only`;
  return [{ topic, problem, fix: `set its max.message.bytes to ${wanted}, so that every dead letter fits` }];
}

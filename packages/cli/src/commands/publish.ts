import { encodeCloudEvent, FreshetError, limits, parseVersion, whyRejected } from "@freshet/protocol";
import { withWriteRights } from "@freshet/replay";
import type { CompiledRules } from "@freshet/rules";
import { kafkaPeer, useBounded } from "../bounded.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { readObject } from "../read-input.js";
import { readDeployedRules } from "../rules-file.js";

export interface PublishOptions {
  readonly topic: string;
  readonly space: string;
  readonly subject: string;
  readonly version: string;
  readonly type: string;
  /** JSON text of an object. */
  readonly data: string;
  readonly source: string;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Sends one CloudEvent in binary mode, acknowledged by all in-sync replicas. */
export async function publish(io: Io, deps: Deps, options: PublishOptions): Promise<ExitCode> {
  const { topic, space, subject, type } = options;
  const version = readVersion(options.version);
  readObject(options.data, "--data");
  requireText({ topic, space, subject, type, source: options.source });
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  if (deployment.rulesFile !== null) checkSpace(options, await readDeployedRules(deployment, deps));
  const id = deps.newId();
  const time = new Date(deps.clock.nowMs()).toISOString();
  requireReadable(options, version);
  const record = { topic, ...encodeCloudEvent({ id, source: options.source, type, subject, version, time, data: options.data }) };
  await useBounded(
    kafkaPeer,
    () => deployment.connectKafka(),
    async (kafka) => {
      const found = await kafka.describeTopics([topic]);
      if (found.length === 0) throw missingTopic(topic);
      await withWriteRights({ topic, what: "to send the event" }, kafka.produce([record]));
    },
  );
  if (options.json) outJson(io, { id, topic, space, subject, version, type, time });
  else io.out(`sent ${id} to ${topic}: ${type} ${space}/${subject} version ${version}`);
  return exitCodes.done;
}

function readVersion(text: string): string {
  const version = parseVersion(text);
  if (version !== null) return version;
  const problem = `--version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`;
  throw new FreshetError("FR1001", "usage", problem, "Digits only: no sign, fraction, exponent or leading zero.");
}

/** The space is not in the event: the source that takes it says it. So what the sender believes is checked, not sent. */
function checkSpace({ topic, space }: PublishOptions, rules: CompiledRules): void {
  const sources = rules.sourcesOf(topic);
  const other = sources.find((source) => source.format !== "cloudevents")?.format;
  if (other !== undefined) {
    const fix = "Name a topic whose sources are cloudevents.";
    throw new FreshetError("FR1001", "usage", `records of ${topic} are read as ${other}, and this sends CloudEvents`, fix);
  }
  const spaces = sources.map((source) => source.space);
  if (spaces.length === 0 || spaces.includes(space)) return;
  throw new FreshetError("FR1001", "usage", `no source of ${topic} has the space ${space}`, `They have: ${spaces.join(", ")}.`);
}

function requireText(options: Readonly<Record<string, string>>): void {
  const empty = Object.entries(options).find(([, text]) => text === "");
  if (empty === undefined) return;
  throw new FreshetError("FR1001", "usage", `--${empty[0]} is empty`, "Give it a text; it becomes an attribute of the event.");
}

/** What the service would dead-letter is not sent. */
function requireReadable({ subject, space, type, source, data }: PublishOptions, version: string): void {
  const rejection = whyRejected({ id: "1", source, type, subject, version, time: "", data }, space);
  if (rejection === null) return;
  const problem = `the service would dead-letter this event as ${rejection.reason}: ${rejection.message}`;
  throw new FreshetError("FR1001", "usage", problem, rejection.fix);
}

function missingTopic(topic: string): FreshetError {
  return new FreshetError(
    "FR3002",
    "usage",
    `there is no topic ${topic}`,
    "Check the name; Freshet creates no source topics, and neither should a typo.",
  );
}

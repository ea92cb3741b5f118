import { setTimeout as sleep } from "node:timers/promises";
import type { KafkaPort } from "@freshet/kafka/port";
import { asFreshetError, FreshetError, limits } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { ProbeFinding, StorePort } from "@freshet/store/port";
import { boundsOf } from "./bounds-publishing.js";
import { CANARY } from "./canary-rules.js";
import { checkRights, type UsedNames } from "./rights-check.js";

/** What the start waits for at the moment. */
export interface StartWait {
  /** `redis` or `kafka`. */
  readonly name: string;
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
  readonly sinceMs: number;
  readonly attempts: number;
}

export interface StartContext {
  readonly clock: { nowMs(): number };
  /** Aborted when the service is told to stop: waiting ends at once. */
  readonly signal: AbortSignal;
  /** By name; kept up to date here. */
  readonly waits: Map<string, StartWait>;
  readonly onWaiting: (name: string, error: FreshetError, attempts: number) => void;
  readonly retryFirstMs: number;
}

const RETRY_MS_MAX = 5000;

/**
 * Waits until the store answers its probe; answers with what the probe found that is worth a warning.
 *
 * @throws FreshetError FR2003 for rights that are missing, FR2004 for a Redis that Freshet cannot work with.
 */
export async function checkStore(store: StorePort, context: StartContext): Promise<readonly ProbeFinding[]> {
  const findings = await whenReachable("redis", () => store.probe(), context);
  const fatal = findings.filter((finding) => finding.fatal);
  const [first] = fatal;
  if (first === undefined) return findings;
  const problem = fatal.map((finding) => finding.problem).join(" ");
  throw new FreshetError(first.code, "halt", problem, fatal.map((finding) => finding.fix).join(" "));
}

/**
 * Whether a Redis that evicts keys lets nothing old back: no load reads from a replica that may be behind (`lag` is 0 in
 * every family), and no swept tag is declared, whose index would forget its members.
 */
export function isEvictionHarmless({ families, tags }: Pick<CompiledRules, "families" | "tags">): boolean {
  const loaded = [...families.values()].filter(({ name }) => name !== CANARY); // nobody loads the canary's entry
  const isPrimaryRead = loaded.every(({ bounds }) => bounds.lagMs === 0);
  return isPrimaryRead && [...tags.values()].every(({ kind }) => kind !== "swept");
}

/**
 * Publishes the time bounds of the rules file, and those of families that have their own, so that whoever takes leases can
 * go by them. Waits until Redis takes them.
 *
 * @throws FreshetError for what waiting does not mend.
 */
export async function publishBounds(
  rules: Pick<CompiledRules, "bounds" | "families">,
  store: StorePort,
  context: StartContext,
): Promise<void> {
  await whenReachable("redis", () => store.publishBounds(boundsOf(rules)), context);
}

/**
 * Waits until the broker answers, then insists on the rights, and on the topics: the sources', and a dead-letter topic that
 * takes whatever they hold.
 *
 * @throws FreshetError FR3006 for rights that are missing, FR3002 for topics, FR1002 when dead letters would not fit.
 */
export async function checkTopics(topics: UsedNames, kafka: KafkaPort, context: StartContext): Promise<void> {
  await whenReachable("kafka", () => checkRights(topics, kafka), context);
  const wanted = [...topics.sources, topics.deadLetters];
  const found = new Map((await whenReachable("kafka", () => kafka.describeTopics(wanted), context)).map((one) => [one.topic, one]));
  const missing = topics.sources.filter((topic) => !found.has(topic));
  const problems = missing.map((topic) => `source topic ${topic} does not exist, or may not be described`);
  const fixes = missing.length === 0 ? [] : ["Create the source topics, or correct their names in the rules file."];
  const deadLetters = found.get(topics.deadLetters);
  if (deadLetters === undefined) {
    problems.push(`dead-letter topic ${topics.deadLetters} does not exist, or may not be described`);
    fixes.push("Run `freshet topics create` for Freshet's own topics.");
  }
  if (problems.length > 0) throw new FreshetError("FR3002", "halt", problems.join("; "), fixes.join(" "));
  const sources = topics.sources.map((topic) => found.get(topic)?.maxMessageBytes ?? 0);
  const wantedBytes = Math.max(...sources) + limits.deadLetterBytesHeadroom;
  if (deadLetters === undefined || deadLetters.maxMessageBytes >= wantedBytes) return;
  const problem = `${topics.deadLetters} takes records of ${deadLetters.maxMessageBytes} bytes, and dead letters may have ${wantedBytes}`;
  throw new FreshetError("FR1002", "halt", problem, `Set its max.message.bytes to ${wantedBytes} or more, or lower that of the sources.`);
}

/** Infrastructure that is not there is waited for; anything else is thrown. */
async function whenReachable<T>(name: string, ask: () => Promise<T>, context: StartContext): Promise<T> {
  const { clock, signal, waits } = context;
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      const answer = await unlessAborted(ask(), signal);
      waits.delete(name);
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asFreshetError(thrown);
      if (error.disposition !== "wait") throw error;
      const { code, message: problem, fix } = error;
      waits.set(name, { name, code, problem, fix, attempts, sinceMs: waits.get(name)?.sinceMs ?? clock.nowMs() });
      context.onWaiting(name, error, attempts);
    }
    await sleep(Math.min(RETRY_MS_MAX, context.retryFirstMs * 2 ** Math.min(attempts - 1, 10)), undefined, { signal });
  }
}

/** A call to a broker that swallows requests takes its time to fail; whoever stops does not wait for it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

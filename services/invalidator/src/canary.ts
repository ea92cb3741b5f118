import type { KafkaPort } from "@freshet/kafka/port";
import { asFreshetError, type ErrorCode, type KeyBust, parseVersion, type Version } from "@freshet/protocol";
import type { Family } from "@freshet/rules";
import type { StorePort } from "@freshet/store/port";
import { CANARY } from "./canary-rules.js";

export interface CanaryOptions {
  readonly kafka: Pick<KafkaPort, "produce">;
  readonly store: Pick<StorePort, "setIfNewer" | "preview">;
  readonly family: Family;
  readonly topic: string;
  /** Of this process: letters and digits. Nobody else writes its entry. */
  readonly id: string;
  readonly clock: { nowMs(): number };
  /** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly everyMs: number;
  /** The entry was busted so many seconds after its event was sent. */
  readonly onSuccess: (seconds: number) => void;
  /** A flight failed; `failures` counts those in a row. */
  readonly onFailure: (failure: CanaryFailure, failures: number) => void;
}

/** Why a flight failed; `code` is `null` where nothing was refused, and the entry was just not busted. */
export interface CanaryFailure {
  readonly code: ErrorCode | null;
  readonly problem: string;
  readonly fix: string;
}

/** How long a flight may take before it counts as failed. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;
const KEEP_MS = 300_000;

/** One flight: an entry, the event that busts it, and what is seen of both. */
interface Flight extends CanaryOptions {
  readonly key: string;
  readonly subject: string;
  readonly old: Version;
  readonly next: Version;
  readonly signal: AbortSignal;
}

/**
 * Writes an entry, sends an event that makes it old, and looks until the pipeline has busted it, again and again. Whatever fails
 * is counted, and the next flight tries again. Resolves once the signal has aborted.
 */
export async function keepFlying(options: CanaryOptions, signal: AbortSignal): Promise<void> {
  const { clock, sleep, everyMs, onSuccess, onFailure } = options;
  const key = options.family.keyFor(new Map([["id", options.id]])) ?? "";
  let version = BigInt(clock.nowMs());
  let failures = 0;
  let flying: Promise<number | CanaryFailure> | null = null;
  while (!signal.aborted) {
    if (flying === null) {
      version += 2n;
      flying = fly({ ...options, key, subject: `${CANARY}/${options.id}`, old: versionOf(version), next: versionOf(version + 1n), signal });
    }
    // A call that never answers is waited for, as another flight would only hang beside it.
    const ended: number | CanaryFailure | null = await within(flying, options, signal);
    if (signal.aborted) return;
    if (ended !== null) flying = null;
    if (typeof ended === "number") {
      failures = 0;
      onSuccess(ended);
    } else onFailure(ended ?? late("neither Redis nor Kafka has answered"), ++failures);
    if (ended !== null) await sleep(everyMs, signal);
  }
}

function versionOf(count: bigint): Version {
  const version = parseVersion(String(count));
  if (version === null) throw new RangeError("a count of milliseconds is a version");
  return version;
}

/** `null` where it takes longer than it may. */
async function within<T>(work: Promise<T>, { sleep }: CanaryOptions, signal: AbortSignal): Promise<T | null> {
  const done = new AbortController();
  const patience = sleep(2 * PATIENCE_MS, AbortSignal.any([signal, done.signal])).then(() => null);
  const first = await Promise.race([work, patience]);
  done.abort();
  return first;
}

/** Seconds from the event until its bust, or what went wrong. Never rejects. */
async function fly(flight: Flight): Promise<number | CanaryFailure> {
  const { kafka, clock, sleep, signal } = flight;
  try {
    const written = await write(flight);
    if (written !== "stored") return late(`its entry could not be written (${written})`);
    const sentMs = clock.nowMs();
    await kafka.produce([{ topic: flight.topic, key: null, headers: [], value: eventOf(flight) }]);
    while (await isThere(flight)) {
      if (clock.nowMs() - sentMs >= PATIENCE_MS) return late(`its entry was not busted within ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_EVERY_MS, signal);
      if (signal.aborted) return late("the service stops");
    }
    const seconds = (clock.nowMs() - sentMs) / 1000;
    // A bust leaves a floor, a lost or evicted key does not.
    return (await write(flight)) === "floor" ? seconds : late("its entry went away without a bust");
  } catch (error) {
    const { code, message: problem, fix } = asFreshetError(error);
    return { code, problem, fix };
  }
}

async function write({ store, family, key, subject, old }: Flight): Promise<string> {
  const { entry, bounds } = family;
  const reply = await store.setIfNewer({
    key,
    entry,
    token: null,
    content: new Map([["canary", "1"]]),
    subject,
    version: old,
    keepMs: KEEP_MS,
    primaryRead: true,
    readLagMs: bounds.lagMs + bounds.skewMs,
  });
  return reply.outcome === "stored" ? "stored" : reply.reason;
}

async function isThere({ store, family, key, subject, next }: Flight): Promise<boolean> {
  const bust: KeyBust = {
    target: "key",
    key,
    family: family.name,
    entry: family.entry,
    rule: CANARY,
    subject,
    version: next,
    spaceKind: "counter",
    mode: "hard",
  };
  const [outcome] = await store.preview([bust]);
  return outcome === "removed";
}

function eventOf({ id, next, clock }: Flight): Buffer {
  const time = new Date(clock.nowMs()).toISOString();
  const event = { specversion: "1.0", id: next, source: `/${CANARY}`, type: CANARY, subject: id, time, freshetversion: next };
  return Buffer.from(JSON.stringify(event));
}

function late(problem: string): CanaryFailure {
  const fix = "Look at the partitions of the canary's topic in /readyz, and at the service's log.";
  return { code: null, problem: `the canary did not come back: ${problem}`, fix };
}

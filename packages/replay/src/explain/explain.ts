import { asFreshetError, type FramePort, FreshetError } from "@freshet/protocol";
import type { CompiledRules, Family } from "@freshet/rules";
import { answerOf } from "./answer.js";
import { entryReport, tagReport } from "./entry-report.js";
import { type JudgedEvents, readEvents, withRights } from "./events.js";
import type { Explanation, ReachReport } from "./explanation.js";
import { type KeyState, readKeyState, type StateStore } from "./key-state.js";
import { type KeyReach, keyReach, rulesReaching, withCarried } from "./reach.js";
import type { ExplainKafka } from "./scan-events.js";

export interface ExplainRequest {
  readonly key: string;
  readonly family: Family;
  readonly rules: CompiledRules;
  readonly deployment: string;
  /** The live group: what it has committed is consumed. */
  readonly liveGroup: string;
  /** A consumer group for this explanation alone: it is made and deleted. */
  readonly ownGroup: string;
  /** From when on events are read, in milliseconds since 1970, and as people say it: `of the last 1h`. */
  readonly sinceMs: number;
  readonly when: string;
  /** How many events are told. */
  readonly limit: number;
  /** How many offsets are read at most. */
  readonly recordsMax: number;
  readonly nowMs: number;
  /** What reads values that name their schema, where sources have such. */
  readonly frames?: FramePort | undefined;
}

/** Lends a store and a broker for as long as a function uses them; what connecting and using throw comes out. */
export interface ExplainPeers {
  readonly withStore: <T>(use: (store: StateStore) => Promise<T>) => Promise<T>;
  /** `stop` is aborted when reading has taken long enough. */
  readonly withKafka: <T>(use: (kafka: ExplainKafka, stop: AbortSignal) => Promise<T>) => Promise<T>;
}

/** An explanation, and the errors of the peers that could not be asked: the rest is told all the same. */
export interface Explained {
  readonly explanation: Explanation;
  readonly errors: readonly FreshetError[];
}

/** The state of a key, and the way from it back to the rules. */
export interface Situation {
  /** `null` when Redis could not be asked. */
  readonly state: KeyState | null;
  readonly reach: KeyReach;
  readonly reports: readonly ReachReport[];
}

/**
 * Why an entry is as it is: its state, the rules that can touch it, and the events of some time that did or would have. Reads
 * only, with a group of its own; needs no running invalidator.
 *
 * @throws FreshetError `usage` when the family makes no such key.
 */
export async function explain(peers: ExplainPeers, request: ExplainRequest): Promise<Explained> {
  const { key, family, rules } = request;
  if (!family.makes(key)) {
    throw new FreshetError("FR1001", "usage", `the family ${family.name} makes no such key`, "Check the key, and --family.");
  }
  let asked: Attempt<KeyState> | null = null;
  const look = async (): Promise<Situation> => {
    asked ??= await attempt(() => peers.withStore((store) => readKeyState(store, keyReach(key, family, rules), rules)));
    return situationOf(asked.result, request);
  };
  // Offsets first, then the entry: what is consumed in between is told as not yet consumed, and never as an older value.
  const read = await attempt(() => {
    return peers
      .withKafka(async (kafka, stop) => {
        const committed = await kafka.committed(request.liveGroup, rules.topics);
        return await readEvents({ kafka, stop }, { request, committed, ...(await look()) });
      })
      .catch((error: unknown) => {
        throw withRights(error, request);
      });
  });
  const situation = await look();
  const errors = { redis: (asked as Attempt<KeyState> | null)?.error ?? null, kafka: read.error };
  return {
    explanation: told(request, situation, { events: read.result, errors }),
    errors: [errors.redis, errors.kafka].filter((error) => error !== null),
  };
}

interface Attempt<T> {
  readonly result: T | null;
  readonly error: FreshetError | null;
}

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { result: await work(), error: null };
  } catch (error) {
    return { result: null, error: asFreshetError(error) };
  }
}

function situationOf(state: KeyState | null, { key, family, rules }: ExplainRequest): Situation {
  const told = keyReach(key, family, rules);
  const reach = state === null ? told : withCarried(told, { swept: state.view.tags, epochs: [...state.view.epochs.keys()] }, rules);
  return { state, reach, reports: rulesReaching(reach, rules) };
}

interface Found {
  readonly events: JudgedEvents | null;
  readonly errors: Readonly<Record<"redis" | "kafka", FreshetError | null>>;
}

function told(
  { key, family, rules, nowMs, when }: ExplainRequest,
  { state, reach, reports }: Situation,
  { events, errors }: Found,
): Explanation {
  const evidence = events === null ? null : { judged: events.judged, report: events.report, when };
  return {
    v: 1,
    key,
    family: family.name,
    kind: family.entry.kind,
    at: new Date(nowMs).toISOString(),
    rulesHash: rules.hash,
    answer: answerOf({ family, state, events: evidence }),
    entry: state === null ? null : entryReport(state, family),
    tags: state === null ? [] : state.tags.map((tag) => tagReport(tag, state)),
    parameters: reach.readings.map((values) => Object.fromEntries(values)),
    rules: [...reports],
    events: events?.report ?? null,
    problems: [...problemsOf("redis", errors.redis), ...problemsOf("kafka", errors.kafka)],
  };
}

function problemsOf(peer: "redis" | "kafka", error: FreshetError | null): Explanation["problems"] {
  return error === null ? [] : [{ peer, code: error.code, message: error.message, fix: error.fix }];
}

import { FreshetError } from "@freshet/protocol";
import type { ConsumerLife } from "./consumer-life.js";
import { type ConsumptionState, tellFatal, tellTrouble } from "./consumption-state.js";
import { fromKafkajs } from "./kafka-errors.js";
import { watchPartitions } from "./partition-watch.js";
import type { Consumption, LogReading } from "./port.js";
import { settlesWithin } from "./within.js";

/** Crashes in a row that look like bugs and that no record came between: the process should be started afresh. */
const FAULTS_MAX = 8;
const LAST_COMMIT_MS = 3000;
const WATCH_EVERY_MS = 1000;

/**
 * Keeps a consumer alive: each crash is followed by a new consumer after a growing pause. kafkajs' own restart is off, for it
 * can come back to life after a stop.
 *
 * @param beget makes the next consumer; what it rejects with counts as a crash
 * @param log where partitions end, for finding those that stand still
 */
export function supervise(
  beget: () => Promise<ConsumerLife>,
  state: ConsumptionState,
  log: Pick<LogReading, "offsets" | "committed">,
): Consumption {
  const supervisor = new Supervisor(beget, state);
  const watch = watchPartitions(state, log, (error) => tellFatal(state, error));
  return {
    get joined() {
      return state.joined;
    },
    get lastSeenMs() {
      return state.lastSeenMs;
    },
    stop() {
      watch.cancel();
      return supervisor.stop();
    },
  };
}

class Supervisor {
  readonly #beget: () => Promise<ConsumerLife>;
  readonly #state: ConsumptionState;
  readonly #stopped: Promise<null>;
  readonly #looping: Promise<void>;
  #wake: () => void = () => undefined;
  #life: ConsumerLife | null = null;
  #stopping: Promise<void> | null = null;

  constructor(beget: () => Promise<ConsumerLife>, state: ConsumptionState) {
    this.#beget = beget;
    this.#state = state;
    this.#stopped = new Promise((resolve) => {
      this.#wake = () => resolve(null);
    });
    this.#looping = this.#loop();
  }

  async #loop(): Promise<void> {
    const state = this.#state;
    let crashes = 0;
    let faults = 0;
    for (;;) {
      const before = state.progress;
      const trouble = await this.#live();
      if (state.stopping || trouble === null) return;
      tellTrouble(state, trouble, "consuming");
      const gone = await this.#bury();
      if (state.stopping) return;
      const moved = state.progress > before;
      crashes = moved ? 1 : crashes + 1;
      faults = moved || trouble.code !== "FR9001" ? 0 : faults + 1;
      if (!gone || faults >= FAULTS_MAX) return giveUp(state, trouble, gone);
      await settlesWithin(backoffMs(state, crashes), this.#stopped);
    }
  }

  /** One consumer's life. What ended it, or `null` for a stop. */
  async #live(): Promise<FreshetError | null> {
    const watch = watchSilence(this.#state);
    try {
      const life = await this.#beget();
      this.#life = life;
      if (this.#state.stopping) return null;
      await life.start();
      const end = await Promise.race([life.died, this.#stopped, watch.silent]);
      return end === null ? null : fromKafkajs(end, "consuming");
    } catch (error) {
      return fromKafkajs(error, "consuming");
    } finally {
      watch.cancel();
    }
  }

  /** Whether the dead consumer is really gone. */
  async #bury(): Promise<boolean> {
    const state = this.#state;
    const gone = this.#life === null || (await this.#life.end(state.timing.stopTimeoutMs));
    this.#life = null;
    state.generation++; // what still runs is stale
    state.assigned = new Set();
    state.rebalancing = false;
    return gone;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const state = this.#state;
    state.stopping = true;
    const deadlineMs = state.clock.nowMs() + state.timing.stopTimeoutMs;
    const left = (): number => Math.max(1, deadlineMs - state.clock.nowMs());
    const last = this.#life;
    if (last !== null) await settlesWithin(Math.min(LAST_COMMIT_MS, left()), last.commit());
    this.#wake();
    if (last !== null) await last.end(left());
    await settlesWithin(left(), this.#looping);
    if (this.#life !== null && this.#life !== last) await this.#life.end(left()); // born meanwhile
    state.generation++;
    state.gate.clear();
  }
}

/** A consumer whose old self cannot be got rid of would hold its partitions and serve none: better a new process. */
function giveUp(state: ConsumptionState, trouble: FreshetError, gone: boolean): void {
  const why = gone ? `it crashed ${FAULTS_MAX} times in a row without a record in between` : "its old self cannot be ended";
  const fix = "Start the process again; if it goes on, report it with the log.";
  tellFatal(state, new FreshetError("FR3005", "halt", `the consumer cannot be brought back: ${why}`, fix, trouble));
}

/**
 * Notices a consumer that shows no sign of life. For a while that is told and no more: kafkajs tries again by itself. But it has
 * ways to stop without a crash, so in the end the consumer is replaced.
 */
function watchSilence(state: ConsumptionState): { readonly silent: Promise<FreshetError>; cancel(): void } {
  const { quietMs, silenceMs } = state.timing;
  const bornMs = state.clock.nowMs();
  let toldMs = bornMs;
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<FreshetError>((resolve) => {
    const look = (): void => {
      const nowMs = state.clock.nowMs();
      const silentMs = nowMs - Math.max(bornMs, state.lastSeenMs);
      if (silentMs >= silenceMs) resolve(quiet(silentMs));
      if (silentMs < quietMs || nowMs - toldMs < quietMs) return;
      toldMs = nowMs;
      tellTrouble(state, quiet(silentMs), "consuming");
    };
    timer = setInterval(look, Math.min(WATCH_EVERY_MS, quietMs, silenceMs));
  });
  return { silent, cancel: () => clearInterval(timer) };
}

function quiet(silentMs: number): FreshetError {
  const problem = `the consumer has shown no sign of life for ${Math.round(silentMs / 1000)} s`;
  return new FreshetError(
    "FR3001",
    "wait",
    problem,
    "Check that the brokers are up and reachable from here; the service tries again until they are.",
  );
}

function backoffMs(state: ConsumptionState, crashes: number): number {
  const { crashBackoffMs, crashBackoffMaxMs } = state.timing;
  return Math.min(crashBackoffMaxMs, crashBackoffMs * 2 ** Math.min(crashes - 1, 10));
}

import { FreshetError } from "@freshet/protocol";

/**
 * Notices a consumer that looks alive and does nothing: Kafka answers, records are there, and no slice of any partition
 * ends or fails. Waiting is no such case, for it fails again and again. Nothing in this process knows how to mend it.
 */
export interface Watchdog {
  /** A slice ended, or failed, or partitions were assigned. */
  moved(): void;
  /** Call it every few seconds. */
  look(): void;
}

export interface WatchdogContext {
  readonly clock: { nowMs(): number };
  /** Whether there are records that have not ended. */
  readonly hasWork: () => boolean;
  /** Whether Kafka does not answer: then nothing can move, and a new process would not either. */
  readonly isSilent: () => boolean;
  readonly onStall: (error: FreshetError) => void;
}

/** A slice fails after 10 s at the latest and is tried again within 3. */
const STALL_MS = 60_000;

export function createWatchdog({ clock, hasWork, isSilent, onStall }: WatchdogContext): Watchdog {
  let movedMs = clock.nowMs();
  return {
    moved() {
      movedMs = clock.nowMs();
    },
    look() {
      if (!hasWork() || isSilent()) movedMs = clock.nowMs();
      if (clock.nowMs() - movedMs < STALL_MS) return;
      const problem = `there are records, Kafka answers, and nothing has moved for ${STALL_MS / 1000} s`;
      onStall(new FreshetError("FR3005", "halt", problem, "Start the process again; if it goes on, report it with the log."));
    },
  };
}

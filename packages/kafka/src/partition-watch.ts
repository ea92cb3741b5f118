import { FreshetError } from "@freshet/protocol";
import type { ConsumptionState } from "./consumption-state.js";
import { nameOfPartition } from "./gate.js";
import type { LogReading } from "./port.js";

/**
 * Looks for partitions that stand still. A handler that never settles, or a partition that kafkajs lost from sight, ends nothing,
 * fails nothing and waits for nothing: heartbeats go on, other partitions do too, and only the broker knows that there is more to
 * read. So the broker is asked, and its records are waited for: for the whole of `stallMs`, since Kafka was seen to be there.
 */
export function watchPartitions(
  state: ConsumptionState,
  log: Pick<LogReading, "offsets" | "committed">,
  onStall: (error: FreshetError) => void,
): { cancel(): void } {
  const everyMs = Math.max(1, Math.floor(state.timing.stallMs / LOOKS_PER_STALL));
  let cancelled = false;
  let timer: NodeJS.Timeout | undefined;
  let suspects: ReadonlyMap<string, Suspect> = new Map();
  let last = new Map<string, number>();

  const look = async (): Promise<void> => {
    const quiet = quietPartitions(state, last);
    last = new Map([...state.moves].map(([name, { count }]) => [name, count]));
    const { generation } = state;
    const behind = quiet.length === 0 ? [] : await partitionsBehind(state, log, quiet).catch(() => []);
    if (generation !== state.generation || cancelled) return;
    const nowMs = state.clock.nowMs();
    suspects = new Map(behind.map((name) => [name, suspicionOf(name, nowMs)]));
    const [stalled] = [...suspects].filter(([, { sinceMs }]) => nowMs - sinceMs >= state.timing.stallMs);
    if (stalled === undefined) return;
    cancelled = true;
    onStall(stall(stalled[0], state.timing.stallMs));
  };

  // Whatever moved meanwhile is not quiet, so it is none any more.
  const suspicionOf = (name: string, nowMs: number): Suspect => {
    const known = suspects.get(name);
    return known?.generation === state.generation ? known : { generation: state.generation, sinceMs: nowMs };
  };

  const again = (): void => {
    timer = setTimeout(() => {
      void look().finally(() => cancelled || again());
    }, everyMs);
    timer.unref();
  };
  again();
  return {
    cancel() {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}

interface Suspect {
  readonly generation: number;
  readonly sinceMs: number;
}

const LOOKS_PER_STALL = 4;

/** Assigned partitions to which nothing happened since the last look. Where all is well, nobody is asked. */
function quietPartitions({ moves, stopping }: ConsumptionState, last: ReadonlyMap<string, number>): readonly string[] {
  if (stopping) return [];
  return [...moves].filter(([name, { count }]) => last.get(name) === count).map(([name]) => name);
}

async function partitionsBehind(
  state: ConsumptionState,
  log: Pick<LogReading, "offsets" | "committed">,
  quiet: readonly string[],
): Promise<readonly string[]> {
  const { topics, group } = state.options;
  const [ends, committed] = await Promise.all([log.offsets(topics), log.committed(group, topics)]);
  const offsets = new Map(committed.map((entry) => [nameOfPartition(entry), entry.offset]));
  return ends
    .filter((end) => {
      const name = nameOfPartition(end);
      const next = Math.max(state.moves.get(name)?.nextOffset ?? 0, offsets.get(name) ?? 0, end.earliest);
      return quiet.includes(name) && end.stable > next;
    })
    .map(nameOfPartition);
}

function stall(name: string, stallMs: number): FreshetError {
  const problem = `partition ${name} has records, brokers answer, and nothing of it has moved for ${Math.round(stallMs / 1000)} s`;
  const fix = "Start the process again: nothing was committed that did not end. If it goes on, report it with the log.";
  return new FreshetError("FR3009", "halt", problem, fix);
}

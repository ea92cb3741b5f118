import type { TopicPartition } from "./port.js";

/** What a gate drives: the fetching of the consumer that is alive now. Both may be called for partitions it does not have. */
export interface Valve {
  pause(at: TopicPartition): void;
  resume(at: TopicPartition): void;
}

/**
 * Which partitions must not be delivered for a while. The truth is here and not in kafkajs, whose own pauses are lost with a
 * crash and survive a rebalance that takes the partition away: `reassign` puts them right after each join.
 */
export interface Gate {
  close(at: TopicPartition, forMs: number): void;
  isClosed(at: TopicPartition): boolean;
  /** Forgets partitions that were lost; pauses and resumes the rest as it should be. */
  reassign(assigned: readonly TopicPartition[]): void;
  /** Opens everything without resuming: for the end. */
  clear(): void;
}

interface Closed {
  readonly at: TopicPartition;
  readonly timer: NodeJS.Timeout;
}

export function createGate(valve: Valve): Gate {
  const closed = new Map<string, Closed>();

  const open = (name: string): void => {
    const entry = closed.get(name);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    closed.delete(name);
    valve.resume(entry.at);
  };

  return {
    close(at, forMs) {
      const name = nameOfPartition(at);
      clearTimeout(closed.get(name)?.timer);
      closed.set(name, { at, timer: setTimeout(() => open(name), forMs) });
      valve.pause(at);
    },
    isClosed: (at) => closed.has(nameOfPartition(at)),
    reassign(assigned) {
      const kept = new Set(assigned.map(nameOfPartition));
      for (const [name, entry] of closed) {
        if (kept.has(name)) continue;
        clearTimeout(entry.timer);
        closed.delete(name);
      }
      for (const at of assigned) {
        if (closed.has(nameOfPartition(at))) valve.pause(at);
        else valve.resume(at);
      }
    },
    clear() {
      for (const entry of closed.values()) clearTimeout(entry.timer);
      closed.clear();
    },
  };
}

/** `topic/partition`: a name for maps. */
export function nameOfPartition(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}

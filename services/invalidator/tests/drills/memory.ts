import { setTimeout as pause } from "node:timers/promises";
import type { ServiceProcess } from "../service-process.js";

export interface MemorySample {
  readonly rssMb: number;
  readonly heapMb: number;
}

/** Medians: a collection that is due moves single samples up and down. */
export interface Figure {
  readonly earlyMb: number;
  readonly lateMb: number;
}

const EVERY_MS = 1000;
const MB = 1024 * 1024;

/** Looks at a service's memory once a second until it is stopped. */
export function sampleMemory(service: ServiceProcess): { figures(): readonly MemorySample[]; stop(): Promise<void> } {
  const samples: MemorySample[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const [rss, heap] = [await service.metric("process_resident_memory_bytes"), await service.metric("nodejs_heap_size_used_bytes")];
      if (rss > 0) samples.push({ rssMb: rss / MB, heapMb: heap / MB });
      await pause(EVERY_MS); // a sampler's pace, not a wait for anything
    }
  })();
  return {
    figures: () => samples,
    stop: async () => {
      isOver = true;
      await watching;
    },
  };
}

/** The second quarter, when what is kept for good is there, against the last. */
export function grewBy(samples: readonly MemorySample[], name: keyof MemorySample): Figure {
  const quarter = (at: number) => samples.slice((at * samples.length) / 4, ((at + 1) * samples.length) / 4).map((sample) => sample[name]);
  return { earlyMb: median(quarter(1)), lateMb: median(quarter(3)) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

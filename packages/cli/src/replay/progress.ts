import type { Progress } from "@freshet/replay";
import type { Deps } from "../deps.js";
import type { Io } from "../io.js";

const DRAW_EVERY_MS = 200;
const LINE_EVERY_MS = 10_000;
const BAR = 24;

/** Tells how far something came: a bar at a terminal, a line every ten seconds elsewhere. */
export interface ProgressTeller {
  tell(progress: Progress): void;
  /** Takes the bar away. */
  end(): void;
}

export function createProgress(io: Io, { clock, terminal }: Pick<Deps, "clock" | "terminal">, what: string): ProgressTeller {
  const { draw, columns } = terminal;
  const everyMs = draw === undefined ? LINE_EVERY_MS : DRAW_EVERY_MS;
  const startedMs = clock.nowMs();
  let toldMs = startedMs;
  let first: Progress | null = null;
  return {
    tell(progress) {
      first ??= progress;
      const nowMs = clock.nowMs();
      if (nowMs - toldMs < everyMs) return;
      toldMs = nowMs;
      const line = `${what} ${textOf(progress, first, nowMs - startedMs)}`;
      if (draw === undefined) io.talk(line);
      else draw(`${bar(progress)} ${line}`.slice(0, Math.max(20, columns - 1)));
    },
    end: () => draw?.(null),
  };
}

/** The speed is that of this run; a resumed one begins in the middle. */
function textOf({ done, total, records }: Progress, first: Progress, elapsedMs: number): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const perSecond = elapsedMs === 0 ? 0 : Math.round(((records - first.records) * 1000) / elapsedMs);
  const moved = done - first.done;
  const left = moved === 0 ? "" : `, ${duration((elapsedMs / moved) * (total - done))} left`;
  return `${percent} %, ${records} records, ${perSecond}/s${left}`;
}

function bar({ done, total }: Progress): string {
  const full = total === 0 ? BAR : Math.round((done / total) * BAR);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}]`;
}

/** `3 s`, `12 min`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

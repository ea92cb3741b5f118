import { type Logger, pino } from "pino";
import type { Decision } from "./bad-input-verdict.ts";

export interface Capture {
  readonly logger: Logger;
  /** Everything that was logged, as text. */
  lines(): readonly string[];
  /** By `topic/offset`: how the record ended, and the hashes of the keys and tags it busts. */
  decisions(): ReadonlyMap<string, Decision>;
  /** Resolves when so many decisions were told. */
  decided(count: number): Promise<void>;
  /** Where the admin port listens. */
  address(): string;
}

interface Line {
  readonly msg?: string;
  readonly topic?: string;
  readonly offset?: number;
  readonly outcome?: string;
  readonly reason?: string;
  readonly admin?: string;
  readonly busts?: readonly { readonly keyHash?: string; readonly tagHash?: string }[];
}

/** A log of the most talkative level that is kept. */
export function createCapture(): Capture {
  const kept: string[] = [];
  let decisions = 0;
  let look = (): void => undefined;
  const write = (line: string): void => {
    kept.push(line);
    if (!line.includes('"msg":"decision"')) return;
    decisions++;
    look();
  };
  const logger = pino({ level: "trace" }, { write });
  return {
    logger,
    lines: () => kept,
    decisions: () => decisionsIn(kept),
    decided: (count) =>
      new Promise((resolve) => {
        look = () => (decisions >= count ? resolve() : undefined);
        look();
      }),
    address: () => linesOf(kept, "started")[0]?.admin ?? "",
  };
}

/** What a log of level debug or lower tells of each record, by `topic/offset`. */
export function decisionsIn(log: readonly string[]): ReadonlyMap<string, Decision> {
  return new Map(
    linesOf(log, "decision").map(({ topic, offset, outcome, reason, busts = [] }) => [
      `${topic}/${offset}`,
      {
        outcome: outcome === "dead" ? `dead ${reason}` : (outcome ?? ""),
        keys: busts.map(({ keyHash, tagHash }) => keyHash ?? tagHash ?? ""),
      },
    ]),
  );
}

function linesOf(log: readonly string[], msg: string): Line[] {
  const found = log.filter((line) => line.includes(`"msg":"${msg}"`));
  return found.map((line): Line => JSON.parse(line));
}

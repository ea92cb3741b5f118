import { type Logger, pino } from "pino";

export interface Capture {
  readonly logger: Logger;
  /** Everything that was logged, as text. */
  lines(): readonly string[];
  /** By `topic/offset`: how the record ended, and the hashes of the keys and tags it busts. */
  decisions(): ReadonlyMap<string, { readonly outcome: string; readonly keys: readonly string[] }>;
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
  const told = (msg: string): Line[] => kept.map((line): Line => JSON.parse(line)).filter((line) => line.msg === msg);
  return {
    logger,
    lines: () => kept,
    decisions: () =>
      new Map(
        told("decision").map(({ topic, offset, outcome, reason, busts = [] }) => [
          `${topic}/${offset}`,
          {
            outcome: outcome === "dead" ? `dead ${reason}` : (outcome ?? ""),
            keys: busts.map(({ keyHash, tagHash }) => keyHash ?? tagHash ?? ""),
          },
        ]),
      ),
    decided: (count) =>
      new Promise((resolve) => {
        look = () => (decisions >= count ? resolve() : undefined);
        look();
      }),
    address: () => told("started")[0]?.admin ?? "",
  };
}

import type { Config, RunOptions } from "@freshet/invalidator";
import type { KafkaPort } from "@freshet/kafka/port";
import type { FramePort } from "@freshet/protocol";
import type { StorePort } from "@freshet/store/port";
import type { Environment } from "./config.js";
import type { Terminal } from "./terminal.js";
import type { Who } from "./who.js";

/** Settings that the command line gives, by the names of their flags (`kafka-brokers`). */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** The deployment that the configuration names: its Kafka, its Redis, its rules. */
export interface Deployment {
  readonly name: string;
  readonly mode: "apply" | "observe";
  /** The rules file's path; `null` when nothing names one. */
  readonly rulesFile: string | null;
  /** Before each of Freshet's own keys in Redis. */
  readonly prefix: string;
  readonly connectKafka: () => Promise<KafkaPort>;
  /** With `probed`, for whoever asks the store's probe what the service's own would find. */
  readonly connectStore: (probed?: { readonly evictionIsHarmless: boolean }) => Promise<StorePort>;
  /** What reads values that name their schema; nothing is asked before there are some. */
  readonly connectFrames: (clock: { nowMs(): number }) => FramePort;
}

/** What commands need from outside; tests hand in their own. */
export interface Deps {
  /** Of this command line. */
  readonly version: string;
  /** Of all that runs here, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly env: Environment;
  /** A file as UTF-8 text. Rejects as `node:fs` does. */
  readonly readText: (path: string | URL) => Promise<string>;
  /** Writes a new file that only its owner may read. Rejects as `node:fs` does, with EEXIST for one that is there. */
  readonly writeText: (path: string, text: string) => Promise<void>;
  /** What an address on this machine or in this network answers: status and body. Rejects when nothing does. */
  readonly fetchText: (url: string) => Promise<{ readonly status: number; readonly body: string }>;
  readonly clock: { nowMs(): number };
  /**
   * The configuration: these flags, then the environment, then the file.
   *
   * @throws FreshetError `usage` when it is not valid.
   */
  readonly readConfig: (flags: Flags) => Config;
  /** What a configuration leads to; connects to nothing yet. */
  readonly deploymentOf: (config: Config) => Deployment;
  /** The service; answers with its exit code, never throws. */
  readonly runService: (options: Pick<RunOptions, "config" | "stop" | "talk">) => Promise<number>;
  /** Who runs this command line. */
  readonly who: () => Who;
  /** A fresh id for an event or an entry of the audit trail. */
  readonly newId: () => string;
  /** Aborted at Ctrl-C or SIGTERM: a command that never ends by itself finishes its work and returns. */
  readonly stop: AbortSignal;
  /** Aborted at Ctrl-C only. */
  readonly interrupt: AbortSignal;
  /** Lets whatever else runs on this machine, the service perhaps, go first. */
  readonly stepBack: () => void;
  /** Whoever sits at a terminal. */
  readonly terminal: Terminal;
  /** Waits this long, or until `stop`. */
  readonly pause: (ms: number) => Promise<void>;
}

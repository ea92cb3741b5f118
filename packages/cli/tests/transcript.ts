import { loadConfig } from "@freshet/invalidator";
import type { KafkaPort } from "@freshet/kafka";
import type { StorePort } from "@freshet/store";
import { runCli } from "../src/cli.js";
import type { Deps } from "../src/deps.js";
import type { ExitCode } from "../src/exit-codes.js";

/** What the clock of commands says. */
export const NOW_MS = 1_767_225_600_000;

/** What a command line answered. */
export interface Transcript {
  readonly code: ExitCode;
  readonly out: readonly string[];
  readonly talk: readonly string[];
}

export interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly kafka?: KafkaPort;
  readonly store?: StorePort;
  /** What HTTP addresses answer; others do not. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Told of each file that is written. */
  readonly onWrite?: (path: string, text: string) => void;
  readonly stop?: AbortSignal;
  readonly interrupt?: AbortSignal;
  /** What somebody types at a terminal; without it nobody is there. */
  readonly answers?: readonly string[];
  /** Told that something is asked. */
  readonly onAsk?: () => void;
  /** Shows what is drawn over and over; without it there is no screen. */
  readonly draw?: (line: string | null) => void;
}

const never = new AbortController().signal;

/** Runs one command line in this process, in a world of its own. */
export async function transcript(argv: readonly string[], world: World = {}): Promise<Transcript> {
  const out: string[] = [];
  const talk: string[] = [];
  const io = {
    out: (line: string) => void out.push(...line.split("\n")),
    talk: (line: string) => void talk.push(...line.split("\n")),
    colour: false,
    unread: never,
  };
  return { code: await runCli(argv, io, depsOf(world)), out, talk };
}

function depsOf(world: World): Deps {
  let ids = 0;
  const answers = [...(world.answers ?? [])];
  return {
    version: "0.0.0-test",
    versions: { freshet: "0.0.0-test", node: "v24" },
    env: world.env ?? {},
    readText: async (path) => readFrom(world, String(path)),
    writeText: async (path, text) => world.onWrite?.(path, text),
    fetchText: async (url) => {
      const body = world.pages?.[url];
      if (body === undefined) throw new TypeError("fetch failed");
      return { status: 200, body };
    },
    clock: { nowMs: () => NOW_MS },
    who: () => ({ user: "ada", host: "ops-1" }),
    newId: () => `id-${++ids}`,
    stepBack: () => undefined,
    terminal: {
      columns: 80,
      draw: world.draw,
      ask: async () => {
        world.onAsk?.();
        return answers.shift() ?? null;
      },
    },
    stop: world.stop ?? never,
    interrupt: world.interrupt ?? never,
    pause: async () => {},
    runService: async () => 0,
    readConfig: (flags) =>
      loadConfig({ env: { FRESHET_RULES: "rules.yaml", ...world.env }, flags, readText: (path) => readFrom(world, path) }),
    deploymentOf: (config) => ({
      name: config.deployment,
      mode: config.mode,
      rulesFile: config.rules,
      prefix: config.redis.prefix,
      connectKafka: async () => present(world.kafka, "Kafka"),
      connectStore: async () => present(world.store, "store"),
      connectFrames: () => ({ unframe: () => Promise.reject(new Error("there is no registry")), close: () => undefined }),
    }),
  };
}

/** By path, or by the end of it where the path is one of this machine. */
function readFrom({ files = {} }: World, path: string): string {
  const text = files[path] ?? Object.entries(files).find(([name]) => path.endsWith(`/${name}`))?.[1];
  if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  return text;
}

function present<T>(port: T | undefined, name: string): T {
  if (port === undefined) throw new Error(`this world has no ${name}`);
  return port;
}

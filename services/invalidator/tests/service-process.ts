import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { freePort, startKeeper } from "@freshet/testkit";
import { plainEnvironment } from "./config.js";

/** The invalidator as its own process, seen from outside: signals, exit code, log lines, HTTP. */
export interface ServiceProcess {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly isGone: () => boolean;
  kill(signal: NodeJS.Signals): void;
  /** stdout and stderr so far, the last two thousand lines. */
  output(): string;
  /** The status of `/readyz` and its body, or `null` while nobody answers. */
  readyz(): Promise<{ readonly status: number; readonly body: ReadyBody } | null>;
  /** `host:port` of its admin port. */
  readonly address: string;
  /** What `/metrics` answers; empty while nobody does. */
  metrics(): Promise<string>;
  /** The sum of a metric's samples whose labels hold all these; 0 for none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

export interface ReadyBody {
  readonly waiting?: readonly Trouble[];
  readonly kafka?: Trouble | null;
}

interface Trouble {
  readonly code: string;
  readonly problem: string;
}

const OUTPUT_LINES = 2000;

export async function startProcess(command: {
  file: string;
  args?: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Its admin port; any that is free by default. */
  port?: number;
}): Promise<ServiceProcess> {
  const port = command.port ?? (await freePort());
  const env = { ...plainEnvironment(), FRESHET_HTTP_PORT: String(port), ...command.env };
  const child = spawn(process.execPath, [command.file, ...(command.args ?? [])], { env, stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid === undefined) throw new Error(`${command.file} did not start`);
  const lines = collect(child);
  // It goes with this process, however that ends: else one that is stopped just then would stay for ever.
  const keeper = startKeeper(["true"]);
  keeper.keep(child.pid);
  const exited = once(child, "close").then(async ([code, signal]) => {
    keeper.keep(0);
    await keeper.close();
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    pid: child.pid,
    exited,
    isGone: () => child.exitCode !== null || child.signalCode !== null,
    kill: (signal) => void child.kill(signal),
    output: () => lines.join(""),
    readyz: async () => {
      const answer = await get(port, "/readyz");
      return answer === null ? null : { status: answer.status, body: JSON.parse(answer.text) as ReadyBody };
    },
    address: `127.0.0.1:${port}`,
    metrics: async () => (await get(port, "/metrics"))?.text ?? "",
    metric: async (name, labels = {}) => sum((await get(port, "/metrics"))?.text ?? "", name, labels),
  };
}

function collect(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      lines.push(text);
      if (lines.length > OUTPUT_LINES) lines.splice(0, lines.length - OUTPUT_LINES);
    });
  }
  return lines;
}

async function get(port: number, path: string): Promise<{ status: number; text: string } | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(30_000) });
    return { status: response.status, text: await response.text() };
  } catch {
    return null;
  }
}

/** The sum of the samples of a metric, in a page of metrics, whose labels hold all these; 0 for none. */
export function sum(exposition: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return exposition
    .split("\n")
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && wanted.every((label) => line.includes(label)))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

import { FreshetError } from "@freshet/protocol";
import type { Redis } from "ioredis";
import type { BustRun } from "./bust-calls.js";
import { classify, replyWord } from "./classify.js";
import { scripts } from "./generated/scripts.js";
import type { ScriptName } from "./redis-call.js";
import { type StoreRole, scriptsOf } from "./roles.js";

const subject = "freshet/probe";
const [ttlMs, ttlUs] = ["1000", "1000000"];
/** A C of a hundred years: any fill time is near then, whatever the clock of the server says. */
const anyTimeMs = "3153600000000";

interface Keys {
  readonly entry: string;
  readonly hash: string;
  readonly index: string;
  readonly state: string;
  readonly epoch: string;
  readonly registry: string;
}

interface ScriptProbe {
  readonly keys: readonly (keyof Keys)[];
  readonly args: (run: BustRun) => readonly string[];
  /** Whether it can run without writing anything. */
  readonly previews: boolean;
}

function previews(keys: ScriptProbe["keys"], args: ScriptProbe["args"] = () => []): ScriptProbe {
  return { keys, args, previews: true };
}

function writes(keys: ScriptProbe["keys"], ...args: string[]): ScriptProbe {
  return { keys, args: () => args, previews: false };
}

/** One harmless call of each script, on keys of our own; positions are those of its header. A script without one does not compile. */
const probes: Readonly<Record<ScriptName, ScriptProbe>> = {
  bust: previews(["entry"], (run) => ["none", "hard", "bust", ttlUs, "0", "leave", run, subject, ""]),
  "bust-other": previews(["hash"], (run) => ["hash", "v", "none", "bust", ttlUs, "gate", run, subject, ""]),
  "bust-tag": previews(["state"], (run) => [subject, "", "none", "hard", ttlMs, "64", "64", run]),
  drop: writes(["entry"], "t", ttlUs),
  "epoch-bump": previews(["epoch"], (run) => [subject, "", "none", "hard", "1", "64", run]),
  "epoch-get": previews(["epoch"], (run) => ["1", run]),
  fill: writes(["entry"], "t", "", "", `\n${subject}\t1`, "", "", "", "primary", "", "", ttlUs, ttlUs, ttlUs),
  "index-add": writes(["index", "state"], "a", "1", ttlMs, ttlMs, anyTimeMs),
  "index-remove": writes(["index"], "a", "1"),
  "index-trim": writes(["index", "state"], "1", "1"),
  "keep-marks": writes(["entry"], "", ttlUs),
  lease: writes(["entry"], "t", "", ttlUs, ttlUs),
  "lease-gated": writes(["hash", "hash"], "hash", "v", "t", ttlUs, ttlUs),
  promote: writes(["entry"], "t"),
  read: previews(["entry"]),
  "registry-add": writes(["registry"], "a"),
  "registry-forget": writes(["registry"], "a", "1"),
  "set-if-newer": writes(["hash", "hash"], "hash", "v", "t", subject, "1", "primary", ttlUs, ttlUs, ttlUs, "f", ""),
  "sweep-claim": writes(["state"], "w", "1", ""),
  "sweep-end": writes(["state"], "w"),
  "sweep-move": writes(["index", "state"], "w", "1", "1\ta", "a", "1"),
  "tag-get": previews(["index", "state", "epoch"]),
};

/**
 * Loads each script of a role.
 *
 * @throws FreshetError FR2004 (`halt`) when the server counts another digest of one, of Redis otherwise.
 */
export async function loadScripts(client: Redis, role: StoreRole | null): Promise<void> {
  const names = scriptsOf(role);
  const digests = await Promise.all(names.map((name) => client.script("LOAD", scripts[name].text)));
  const changed = names.find((name, at) => digests[at] !== scripts[name].sha1);
  if (changed === undefined) return;
  const problem = `Redis gave the script ${changed} another digest.`;
  throw new FreshetError("FR2004", "halt", problem, "Check what stands between Freshet and Redis.");
}

export interface ScriptsAsked {
  /** What the keys begin with; they lie in one slot. */
  readonly key: string;
  readonly role: StoreRole | null;
  readonly run: BustRun;
}

/**
 * Runs each script of a role once on keys of our own, and removes these.
 *
 * @throws FreshetError FR2005 (`halt`) for a reply that is none of its script, of Redis otherwise.
 */
export async function runScripts(client: Redis, { key, role, run }: ScriptsAsked): Promise<void> {
  const keys: Keys = {
    ...{ entry: `${key}:entry`, hash: `${key}:hash`, epoch: `${key}:epoch` },
    ...{ index: `${key}:i`, state: `${key}:f`, registry: `${key}:registry` },
  };
  const due = scriptsOf(role).filter((name) => run === "apply" || probes[name].previews);
  try {
    await Promise.all(due.map((name) => runScript(client, name, { keys, run })));
  } finally {
    if (run === "apply") await client.unlink(...Object.values(keys));
  }
}

/** With its memory full a server refuses scripts that fill: it has them, and that is what is asked here. */
async function runScript(client: Redis, name: ScriptName, { keys, run }: { readonly keys: Keys; readonly run: BustRun }): Promise<void> {
  const { keys: names, args } = probes[name];
  const { sha1 } = scripts[name];
  const call = client.evalsha(sha1, names.length, ...names.map((each) => keys[each]), ...args(run));
  const reply: unknown = await call.catch((error: Error) => {
    if (replyWord(error) === "OOM") return ["0"];
    throw classify(error);
  });
  const [time] = Array.isArray(reply) ? reply : [];
  if (typeof time === "string" && /^\d{1,16}$/.test(time)) return;
  throw new FreshetError(
    "FR2005",
    "halt",
    `The script ${name} answered no time.`,
    "Check what stands between Freshet and Redis; report it.",
  );
}

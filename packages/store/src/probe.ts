import { type EntrySpec, FreshetError, type KeyBust, parseVersion } from "@freshet/protocol";
import type { Redis } from "ioredis";
import { type BustRun, planBustCalls } from "./bust-calls.js";
import { classify } from "./classify.js";
import { scripts } from "./generated/scripts.js";
import type { ProbeFinding } from "./port.js";
import type { RedisMaster } from "./redis-link.js";
import { parseBustReply } from "./replies.js";

export interface ProbeOptions {
  /** Of Freshet's own keys; the rights are tried out on one of them. */
  readonly prefix: string;
  readonly mode: "standalone" | "cluster" | "sentinel";
  readonly allowEviction: boolean;
  /** `preview`: nothing will ever be written, so the right to write is not asked for and nothing is written here either. */
  readonly run: BustRun;
}

/**
 * Everything that must be true of one server before Freshet may use it.
 *
 * @throws FreshetError `wait` while Redis cannot be asked; whatever would not mend itself is a finding.
 */
export async function probeRedis(master: RedisMaster, options: ProbeOptions): Promise<readonly ProbeFinding[]> {
  const { client, address } = master;
  const checks = [
    () => checkVersion(client),
    () => checkMode(client, options.mode),
    () => checkRole(client),
    () => checkEviction(client, options.allowEviction),
  ];
  const facts = (await Promise.all(checks.map(findingOf))).filter((finding) => finding !== null);
  // On an old server or a replica the script fails too, and says less about why.
  const canTry = facts.every((finding) => !finding.fatal);
  const rights = canTry ? await findingOf(() => checkScripts(master, options)) : null;
  const findings = rights === null ? facts : [...facts, rights];
  return address === "" ? findings : findings.map((finding) => ({ ...finding, problem: `${address}: ${finding.problem}` }));
}

type Check = ProbeFinding | null;

async function findingOf(check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (thrown) {
    const error = classify(thrown);
    if (error.disposition === "wait") throw error;
    return { fatal: true, problem: error.message, fix: error.fix };
  }
}

async function checkVersion(client: Redis): Promise<Check> {
  const version = infoField(await client.info("server"), "redis_version");
  if (Number.parseInt(version, 10) >= 7) return null;
  return { fatal: true, problem: `Redis is ${version || "of an unknown version"}.`, fix: "Use Redis 7.0 or newer, or Valkey." };
}

/** Taken for a single server, a part of a cluster answers for its own slots and redirects all other calls for ever. */
async function checkMode(client: Redis, mode: ProbeOptions["mode"]): Promise<Check> {
  const isCluster = infoField(await client.info("cluster"), "cluster_enabled") === "1";
  if (isCluster === (mode === "cluster")) return null;
  const problem = isCluster ? "This Redis is part of a cluster." : "This Redis is not part of a cluster.";
  return { fatal: true, problem, fix: `Set FRESHET_REDIS_MODE=${isCluster ? "cluster" : "standalone"}.` };
}

async function checkRole(client: Redis): Promise<Check> {
  const role = infoField(await client.info("replication"), "role");
  if (role === "master") return null;
  return {
    fatal: true,
    problem: `This Redis is a ${role || "server of unknown role"}, not a master.`,
    fix: "Point FRESHET_REDIS_URL at the master.",
  };
}

async function checkEviction(client: Redis, allowEviction: boolean): Promise<Check> {
  const policy = await evictionPolicy(client);
  if (policy === "noeviction" || policy === "") return null;
  const problem = `Redis evicts (maxmemory-policy ${policy}): a floor or lease that is evicted lets a lagging load come back.`;
  return { fatal: !allowEviction, problem, fix: "Set maxmemory-policy noeviction, or accept it with FRESHET_ALLOW_EVICTION." };
}

/** Managed services forbid CONFIG; INFO says the same. */
async function evictionPolicy(client: Redis): Promise<string> {
  const reply: unknown = await client.config("GET", "maxmemory-policy").catch(() => null);
  const [, policy] = Array.isArray(reply) ? reply : [];
  return typeof policy === "string" ? policy : infoField(await client.info("memory"), "maxmemory_policy");
}

/**
 * Loads the scripts and runs each of their branches on a key of our own, so that every right they need is tried. The first
 * leaves a hash there, the next a floor, and the last one removes what is left.
 */
async function checkScripts({ client, keyHere }: RedisMaster, { prefix, run }: ProbeOptions): Promise<Check> {
  const key = keyHere(`${prefix}probe`);
  for (const name of ["bust", "bust-other"] as const) {
    const sha1 = await client.script("LOAD", scripts[name].text);
    if (sha1 === scripts[name].sha1) continue;
    throw new FreshetError("FR2004", "halt", "Redis gave the script another digest.", "Check what stands between Freshet and Redis.");
  }
  for (const bust of probeBusts(key)) {
    for (const { script, keys, args, positions } of planBustCalls([bust], { run, prefix })) {
      const reply = await client.evalsha(scripts[script].sha1, keys.length, ...keys, ...args);
      parseBustReply(reply, positions.length);
    }
  }
  return null;
}

function probeBusts(key: string): readonly KeyBust[] {
  const entry: EntrySpec = {
    kind: "managed",
    versionField: "version",
    onUnversioned: "bust",
    gate: false,
    floorTtlMs: 1_000,
    staleTtlMs: 0,
  };
  const common = { target: "key", key, versionKey: key, family: "", subject: "freshet/probe", mode: "hard", rule: "probe" } as const;
  const blind = (change: Partial<EntrySpec>): KeyBust => ({ ...common, spaceKind: "none", version: null, entry: { ...entry, ...change } });
  const versioned = (digits: string): KeyBust => ({ ...common, spaceKind: "counter", version: parseVersion(digits), entry });
  const kinds = ["hash", "json", "prefix", "companion"] as const;
  const others = kinds.map((kind) => blind({ kind, onUnversioned: "keep" }));
  return [blind({ kind: "hash", gate: true }), versioned("0"), versioned("1"), blind({}), ...others, blind({ kind: "opaque" })];
}

function infoField(info: string, name: string): string {
  const line = info.split("\r\n").find((text) => text.startsWith(`${name}:`));
  return line?.slice(name.length + 1) ?? "";
}

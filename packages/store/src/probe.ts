import type { BustRun } from "./bust-calls.js";
import { classify } from "./classify.js";
import type { ProbeFinding } from "./port.js";
import { type MissingRights, missingRights } from "./probe-rights.js";
import { loadScripts, runScripts } from "./probe-scripts.js";
import type { RedisMaster } from "./redis-link.js";
import type { StoreRole } from "./roles.js";
import { infoFields } from "./server-info.js";

export interface ProbeOptions {
  /** Of Freshet's own keys; scripts and rights are tried out on some of them. */
  readonly prefix: string;
  readonly mode: "standalone" | "cluster" | "sentinel";
  /** `null`: whoever does everything. */
  readonly role: StoreRole | null;
  readonly eviction: EvictionTerms;
  /** `preview`: nothing will ever be written, so the right to write is not asked for and nothing is written here either. */
  readonly run: BustRun;
}

/** Why a server that evicts may be used after all. */
export interface EvictionTerms {
  /** Every load reads from the primary (lag 0) and no swept tag is declared, so what is evicted lets no old value back. */
  readonly isHarmless: boolean;
  /** Somebody accepted that an old value may come back. */
  readonly isAllowed: boolean;
}

/**
 * Everything that must be true of one server before Freshet may use it.
 *
 * @throws FreshetError `wait` while Redis cannot be asked; whatever would not mend itself is a finding.
 */
export async function probeRedis(master: RedisMaster, options: ProbeOptions): Promise<readonly ProbeFinding[]> {
  const { client, address } = master;
  const facts = await findingsOf(async () => checkFacts(await client.info(), options));
  // On an old server or a replica scripts fail too, and say less about why.
  const canTry = facts.every(({ fatal, code }) => !fatal || code === "FR2003");
  const tried = canTry ? await findingsOf(() => checkScripts(master, options)) : [];
  const findings = [...facts, ...tried];
  return address === "" ? findings : findings.map((finding) => ({ ...finding, problem: `${address}: ${finding.problem}` }));
}

async function findingsOf(check: () => Promise<readonly ProbeFinding[]>): Promise<readonly ProbeFinding[]> {
  try {
    return await check();
  } catch (thrown) {
    const { code, disposition, message: problem, fix } = classify(thrown);
    if (disposition === "wait") throw thrown;
    return [{ fatal: true, about: code === "FR2003" ? "rights" : "scripts", code, problem, fix }];
  }
}

function fatal(about: ProbeFinding["about"], problem: string, fix: string): ProbeFinding {
  return { fatal: true, about, code: "FR2004", problem, fix };
}

/** What INFO tells: CONFIG would say no more, and managed services forbid it. */
function checkFacts(info: string, options: ProbeOptions): readonly ProbeFinding[] {
  const fields = infoFields(info);
  const field = (name: string) => fields.get(name) ?? "";
  return [
    // Valkey is a fork of Redis 7.2, and may be told to hide that.
    ...(fields.has("valkey_version") ? [] : versionFindings(field("redis_version"))),
    ...modeFindings(field("cluster_enabled") === "1", options.mode),
    ...roleFindings(field("role")),
    ...evictionFindings(field("maxmemory_policy"), options.eviction),
  ];
}

function versionFindings(version: string): readonly ProbeFinding[] {
  if (Number.parseInt(version, 10) >= 7) return [];
  return [fatal("version", `Redis is ${version || "of an unknown version"}.`, "Use Redis 7.0 or newer, or Valkey.")];
}

/** Taken for a single server, a part of a cluster answers for its own slots and redirects all other calls for ever. */
function modeFindings(isCluster: boolean, mode: ProbeOptions["mode"]): readonly ProbeFinding[] {
  if (isCluster === (mode === "cluster")) return [];
  const problem = isCluster ? "This Redis is part of a cluster." : "This Redis is not part of a cluster.";
  return [fatal("mode", problem, `Set FRESHET_REDIS_MODE=${isCluster ? "cluster" : "standalone"}.`)];
}

function roleFindings(role: string): readonly ProbeFinding[] {
  if (role === "master") return [];
  return [fatal("role", `This Redis is a ${role || "server of unknown role"}, not a master.`, "Point FRESHET_REDIS_URL at the master.")];
}

function evictionFindings(policy: string, { isHarmless, isAllowed }: EvictionTerms): readonly ProbeFinding[] {
  if (policy === "noeviction" || isHarmless) return [];
  const problem = `Redis evicts (maxmemory-policy ${policy || "unknown"}): a floor or lease that is evicted lets a lagging load come back.`;
  const fix =
    "Set maxmemory-policy noeviction; or let every load read from the primary, with a lag of 0 in every family and no swept tag in the " +
    "rules file; or accept it with FRESHET_ALLOW_EVICTION.";
  return [{ ...fatal("eviction", problem, fix), fatal: !isAllowed }];
}

/** Tries each right that the store and its scripts need, then loads the scripts and runs each of them once. */
async function checkScripts({ client, keyHere }: RedisMaster, options: ProbeOptions): Promise<readonly ProbeFinding[]> {
  const { prefix, mode, role, run } = options;
  const key = keyHere(`${prefix}probe`);
  const keys = { text: `${key}:text`, fields: `${key}:fields`, scores: `${key}:scores` };
  const besides = mode === "cluster" ? [...scripting, ["asking"] as const] : scripting;
  const missing = await missingRights(client, keys, { role, readsOnly: run === "preview", besides });
  const findings = rightsFindings(missing, options);
  if (findings.length > 0) return findings;
  await loadScripts(client, role);
  await runScripts(client, { key, role, run });
  return [];
}

/** What every call of a script takes; the digest is one that no script has. */
const scripting = [
  ["script|load", "return 1"],
  ["eval", "return 1", "0"],
  ["evalsha", "0".repeat(40), "0"],
] as const;

function rightsFinding(problem: string, fix: string): ProbeFinding {
  return { fatal: true, about: "rights", code: "FR2003", problem, fix };
}

function rightsFindings({ commands, keys }: MissingRights, { prefix, role }: ProbeOptions): readonly ProbeFinding[] {
  const fix = `Give this user what infra/redis/users.acl gives ${role === null ? "the users there" : `freshet-${role}`}.`;
  const run = `Redis does not let this user run ${commands.join(", ")} (NOPERM).`;
  const reach = `Redis does not let this user touch keys that begin with ${prefix}probe (NOPERM).`;
  return [...(commands.length > 0 ? [run] : []), ...(keys ? [reach] : [])].map((problem) => rightsFinding(problem, fix));
}

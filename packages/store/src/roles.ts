import { scripts } from "./generated/scripts.js";
import type { ScriptName } from "./redis-call.js";

/**
 * Who uses a store, and so which rights it needs: the service that busts and sweeps, whoever reads and loads, people at the
 * command line. Their users in `infra/redis/users.acl` are `freshet-<role>`.
 */
export type StoreRole = "invalidator" | "reader" | "operator";

type ScriptCommand = (typeof scripts)[ScriptName]["commands"][number];

/** Commands that the store sends itself, outside scripts. */
const ownCommands = {
  invalidator: ["GET", "SET", "ZRANGE", "ZRANGEBYSCORE"],
  reader: ["GET"],
  operator: ["GET", "GETRANGE", "HKEYS", "HMGET", "HSTRLEN", "PTTL", "STRLEN", "TIME", "TYPE"],
} as const satisfies Record<StoreRole, readonly string[]>;

export type StoreCommand = ScriptCommand | (typeof ownCommands)[StoreRole][number];

const [busts, sweeps, reads] = [
  ["invalidator", "operator"],
  ["invalidator"],
  ["reader"],
] as const satisfies readonly (readonly StoreRole[])[];

/** A script without an entry does not compile. */
const rolesOfScript: Readonly<Record<ScriptName, readonly StoreRole[]>> = {
  bust: busts,
  "bust-other": busts,
  "bust-tag": busts,
  "epoch-bump": busts,
  "registry-add": busts,
  "tag-get": busts,
  "registry-forget": sweeps,
  "sweep-claim": sweeps,
  "sweep-move": sweeps,
  "sweep-end": sweeps,
  "index-trim": sweeps,
  "index-remove": ["invalidator", "reader"],
  read: reads,
  lease: reads,
  fill: reads,
  promote: reads,
  drop: reads,
  "keep-marks": reads,
  "lease-gated": reads,
  "set-if-newer": reads,
  "index-add": reads,
  "epoch-get": reads,
};

/** The scripts that a role runs; `null` is whoever does everything. */
export function scriptsOf(role: StoreRole | null): readonly ScriptName[] {
  const names = Object.values(scripts).map(({ name }) => name);
  return role === null ? names : names.filter((name) => rolesOfScript[name].includes(role));
}

/** The commands that a role needs, in its scripts or outside them. */
export function commandsOf(role: StoreRole | null): ReadonlySet<StoreCommand> {
  const own = role === null ? Object.values(ownCommands).flat() : ownCommands[role];
  return new Set<StoreCommand>([...own, ...scriptsOf(role).flatMap((name) => scripts[name].commands)]);
}

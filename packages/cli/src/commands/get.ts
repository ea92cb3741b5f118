import type { EntryView } from "@freshet/store/port";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { familyNamed } from "../family.js";
import { type Io, outJson } from "../io.js";
import { readDeployedRules } from "../rules-file.js";

export interface GetOptions {
  readonly key: string;
  readonly family: string;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Decodes one entry as its family says it is stored. Shows sizes, versions and times, never the value. */
export async function get(io: Io, deps: Deps, options: GetOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const family = familyNamed(options.family, await readDeployedRules(deployment, deps));
  const view = await useBounded(
    redisPeer,
    () => deployment.connectStore(),
    (store) => store.inspect(options.key, family.entry),
  );
  if (options.json) outJson(io, { key: options.key, family: family.name, kind: family.entry.kind, ...plain(view) });
  else for (const [label, text] of rows(options.key, family.entry.kind, view)) io.out(`${label.padEnd(8)} ${text}`);
  return exitCodes.done;
}

function plain(view: EntryView) {
  const { value } = view;
  return {
    ...view,
    value: typeof value === "object" && value !== null && "deps" in value ? { deps: Object.fromEntries(value.deps) } : value,
  };
}

function rows(key: string, kind: string, view: EntryView): readonly (readonly [string, string])[] {
  const { value, lease, blindFloor } = view;
  return [
    ["key", key],
    ["type", `${view.redisType}, read as ${kind}`],
    ["value", view.valueBytes === null ? "none" : `${view.valueBytes} bytes`],
    ...versions(value).map((text) => ["version", text] as const),
    ["ttl", view.ttlMs === null ? "none" : `${view.ttlMs} ms`],
    ...view.floors.map((floor) => ["floor", `${floor.subject} ${floor.version} ${floor.mode}, raised ${at(floor.raisedAtUs)}`] as const),
    ...(blindFloor === null ? [] : [["floor", `blind ${blindFloor.mode}, raised ${at(blindFloor.raisedAtUs)}`] as const]),
    ...(lease === null ? [] : [["lease", `from ${at(lease.startUs)} until ${at(lease.deadlineUs)}`] as const]),
  ];
}

function versions(value: EntryView["value"]): readonly string[] {
  if (value === null) return [];
  if (value === "opaque") return ["this kind has none"];
  if (value === "unversioned") return ["cannot be read"];
  if (value === "foreign") return ["none: another type than this family's entries have"];
  if ("version" in value) return [value.version];
  return [...value.deps].map(([subject, version]) => `${subject} ${version}`);
}

function at(microseconds: number): string {
  return new Date(microseconds / 1000).toISOString();
}

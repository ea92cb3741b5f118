import type { CompiledRules } from "@freshet/rules";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { familyNamed, placeOf, tagsMaking } from "../family.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { readDeployedRules } from "../rules-file.js";
import { wrongUsage } from "./bust-origin.js";
import { entryJson, entryRows } from "./show-entry.js";
import { tagJson, tagRows } from "./show-tag.js";

export interface GetOptions {
  readonly key?: string;
  readonly family?: string;
  readonly tag?: string;
  readonly flags: Flags;
  readonly json: boolean;
}

/** What there is to show: lines of a label and a text, and the same as JSON. */
export interface Shown {
  readonly rows: readonly (readonly [label: string, text: string])[];
  readonly json: object;
}

/**
 * Decodes one entry as its family says it is stored, or shows the state of one tag. Shows sizes, versions and times, never
 * the value.
 */
export async function get(io: Io, deps: Deps, options: GetOptions): Promise<ExitCode> {
  const { key, family, tag, json } = options;
  const isTag = tag !== undefined && key === undefined && family === undefined;
  const isEntry = tag === undefined && key !== undefined && family !== undefined;
  if (!isTag && !isEntry) throw wrongUsage("a key with --family is needed, or --tag alone", "Say what to show, one at a time.");
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const rules = await readDeployedRules(deployment, deps);
  const show = isTag ? showTag(tag, rules) : showEntry(key ?? "", family ?? "", rules);
  const shown = await useBounded(redisPeer, () => deployment.connectStore(), show);
  if (json) outJson(io, shown.json);
  else for (const [label, text] of shown.rows) io.out(plain(`${label.padEnd(11)} ${text}`));
  return exitCodes.done;
}

type Show = (store: Awaited<ReturnType<ReturnType<Deps["deploymentOf"]>["connectStore"]>>) => Promise<Shown>;

function showEntry(key: string, familyName: string, rules: CompiledRules): Show {
  const named = familyNamed(familyName, rules);
  const { name: family, entry } = named;
  const { versionKey } = placeOf(key, named);
  return async (store) => {
    const view = await store.inspect(key, entry, versionKey);
    return { rows: entryRows(key, entry.kind, view), json: { key, family, kind: entry.kind, ...entryJson(view) } };
  };
}

function showTag(tag: string, rules: CompiledRules): Show {
  const declared = tagsMaking(tag, rules).map(({ name, kind }) => ({ name, kind }));
  return async (store) => {
    const view = await store.inspectTag(tag);
    return { rows: tagRows(tag, declared, view), json: { tag, declared, ...tagJson(view) } };
  };
}

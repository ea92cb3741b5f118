import { FreshetError } from "@freshet/protocol";
import { z } from "zod";
import { checkTogether } from "./config-checks.js";
import { type ConfigSources, readLayers } from "./config-layers.js";
import { configProblem, type Problem } from "./config-problem.js";
import { configSchema, type Settings } from "./config-schema.js";
import { unknownVariables } from "./config-variables.js";
import { readTextFile } from "./read-text.js";
import { type Setting, settings } from "./settings.js";

/** The configuration of one process. Frozen; secrets are `Secret`s. */
export interface Config extends Settings {
  readonly kafka: Settings["kafka"] & { readonly group: string };
  /** Whether spans carry older names as well: OpenTelemetry has a variable of its own for it. */
  readonly olderTraceNames: boolean;
  /**
   * The same settings as their files hold them now: secrets are renewed in place. What cannot be read, or is not valid, leaves
   * what was valid before; nothing but credentials is to be taken from it.
   */
  readonly renewed: () => Settings;
  /** Where each setting's value comes from, by its name, in words. */
  readonly origins: ReadonlyMap<string, string>;
}

/** The environment and files of this process. */
export function processSources(flags: ConfigSources["flags"] = {}): ConfigSources {
  return { env: process.env, flags, readText: readTextFile };
}

/**
 * The configuration: flags before environment before `freshet.config.yaml` before defaults.
 *
 * @throws FreshetError FR1002 with everything that is wrong, each with its variable and a fix, and no secret.
 */
export function loadConfig(sources: ConfigSources = processSources()): Config {
  const { read, origins } = readSettings(sources);
  // What a group has read it does not read again: observing must not use up the records of the service that applies.
  const usualGroup = `freshet-${read.deployment}${read.mode === "observe" ? "-observe" : ""}`;
  const kafka = { ...read.kafka, group: read.kafka.group ?? usualGroup };
  const optIns = (sources.env.OTEL_SEMCONV_STABILITY_OPT_IN ?? "").split(",").map((word) => word.trim());
  const olderTraceNames = optIns.includes("messaging/dup");
  return freeze({ ...read, kafka, olderTraceNames, origins, renewed: renewing(sources, read) });
}

function renewing(sources: ConfigSources, first: Settings): () => Settings {
  let last = first;
  return () => {
    try {
      last = readSettings(sources).read;
    } catch (error) {
      if (!(error instanceof FreshetError)) throw error; // a file in the middle of being written: the next connection looks again
    }
    return last;
  };
}

function readSettings(sources: ConfigSources): { readonly read: Settings; readonly origins: ReadonlyMap<string, string> } {
  const layers = readLayers(sources);
  const problems: Problem[] = [...unknownVariables(sources.env), ...layers.problems];
  const origins = new Map<string, string>();
  const values = new Map<string, unknown>();
  for (const setting of settings) {
    const found = layers.find(setting, problems);
    origins.set(setting.name, found?.origin ?? "default");
    if (found === null) continue;
    if (setting.schema.safeParse(found.value).success) values.set(setting.name, found.value);
    else problems.push(unfit(setting, found.origin));
  }
  const read = configSchema.parse(nest(values));
  problems.push(...checkTogether(read));
  if (problems.length > 0) throw configProblem(problems);
  return { read, origins };
}

/** Says what is allowed, and never what was given. */
function unfit(setting: Setting, origin: string): Problem {
  return { where: setting.env, problem: `must be ${setting.accepts}`, fix: `Correct it; it comes from ${origin}.` };
}

function nest(values: ReadonlyMap<string, unknown>): unknown {
  const group = (name: string) => {
    const members = [...values].filter(([key]) => key.startsWith(`${name}.`));
    return Object.fromEntries(members.map(([key, value]) => [key.slice(name.length + 1), value]));
  };
  const groups = Object.entries(configSchema.shape).filter(([, member]) => member instanceof z.ZodObject);
  return { ...Object.fromEntries(values), ...Object.fromEntries(groups.map(([name]) => [name, group(name)])) };
}

function freeze(config: Config): Config {
  for (const part of [config.kafka, config.kafka.brokers, config.redis, config.schemaRegistry, config.http]) Object.freeze(part);
  return Object.freeze(config);
}

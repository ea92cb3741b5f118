import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import type { Problem } from "./config-problem.js";
import { CONFIG_VARIABLE } from "./config-variables.js";
import { errorCodeOf } from "./error-code.js";
import { nearestName } from "./nearest-name.js";
import { PEM, pemProblem } from "./pem.js";
import { type Setting, settings } from "./settings.js";

const DEFAULT_FILE = "freshet.config.yaml";

/** Where settings are looked for. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By the names of `Setting.flag`; `config` names the configuration file. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** A file as text; throws as `node:fs` does. */
  readonly readText: (path: string) => string;
}

export interface Found {
  readonly value: unknown;
  readonly origin: string;
}

/** The three places a value can come from, the first that has one winning. */
export interface Layers {
  /** What is wrong with the configuration file itself. */
  readonly problems: readonly Problem[];
  /** The raw value of a setting, or `null` for its default. */
  find(setting: Setting, problems: Problem[]): Found | null;
}

export function readLayers(sources: ConfigSources): Layers {
  const file = readConfigFile(sources);
  return {
    problems: file.problems,
    find(setting, problems) {
      const found = fromFlag(setting, sources) ?? fromEnvironment(setting, sources, problems) ?? fromFile(setting, file);
      return found !== null && setting.pem !== undefined ? readPem(setting, found, { sources, file, problems }) : found;
    },
  };
}

function fromFlag({ flag }: Setting, { flags }: ConfigSources): Found | null {
  const value = flag === null ? undefined : flags[flag];
  return value === undefined || value === "" ? null : { value, origin: `the flag --${flag}` };
}

/** An empty variable counts as not set: that is what `${NAME:-}` of a compose file leaves. */
function fromEnvironment(setting: Setting, sources: ConfigSources, problems: Problem[]): Found | null {
  const { env, secret } = setting;
  const value = sources.env[env] ?? "";
  const path = (secret === true ? sources.env[`${env}_FILE`] : undefined) ?? "";
  if (value !== "" && path !== "") {
    problems.push({ where: env, problem: `and ${env}_FILE are both set`, fix: "Leave one of them out." });
  }
  if (value !== "") return { value, origin: `the variable ${env}` };
  if (path === "") return null;
  const text = readOr(sources, path, (problem) =>
    problems.push({ where: `${env}_FILE`, problem, fix: "Correct the path or the file's rights." }),
  );
  return text === null ? null : { value: text.trimEnd(), origin: `the file named by ${env}_FILE` };
}

interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly problems: readonly Problem[];
}

function fromFile(setting: Setting, file: ConfigFile): Found | null {
  const value = file.values.get(setting.name) ?? null;
  if (value === null || value === "") return null;
  const isPath = setting.path === true && typeof value === "string";
  return { value: isPath ? resolve(dirname(file.path), value) : value, origin: `the file ${file.path}` };
}

interface PemContext {
  readonly sources: ConfigSources;
  readonly file: ConfigFile;
  readonly problems: Problem[];
}

/** PEM text is taken as it is; anything else is the path of a file that holds it. Either must hold what the setting is for. */
function readPem(setting: Setting, found: Found, context: PemContext): Found | null {
  const text = pemText(setting, found, context);
  const wrong = text === null || setting.pem === undefined ? null : pemProblem(setting.pem, text);
  if (text === null) return typeof found.value === "string" ? null : found;
  if (wrong === null) return { ...found, value: text };
  context.problems.push({ where: setting.env, ...wrong, fix: `${wrong.fix} It comes from ${found.origin}.` });
  return null;
}

/** `null` for what is no text, or where `problems` says why there is none. */
function pemText(setting: Setting, { value, origin }: Found, { sources, file, problems }: PemContext): string | null {
  if (typeof value !== "string" || value.includes(PEM)) return typeof value === "string" ? value : null;
  const base = origin === `the file ${file.path}` ? dirname(file.path) : ".";
  return readOr(sources, resolve(base, value), (problem) =>
    problems.push({ where: setting.env, problem: `${problem}, and is no PEM text`, fix: `Correct it; it comes from ${origin}.` }),
  );
}

function readConfigFile(sources: ConfigSources): ConfigFile {
  const flag = sources.flags.config;
  const named = typeof flag === "string" && flag !== "" ? flag : (sources.env[CONFIG_VARIABLE] ?? "");
  const path = named === "" ? DEFAULT_FILE : named;
  const problems: Problem[] = [];
  const text = readOr(sources, path, (problem, isMissing) => {
    if (named !== "" || !isMissing) problems.push({ where: path, problem, fix: "Correct the path or the file's rights." });
  });
  if (text === null) return { path, values: new Map(), problems };
  const document = parseDocument(text, { prettyErrors: true });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) {
    const at = wrong.linePos?.[0];
    const place = at === undefined ? path : `${path}:${at.line}:${at.col}`;
    return { path, values: new Map(), problems: [{ where: place, problem: `is not YAML (${wrong.code})`, fix: "Correct the file." }] };
  }
  const values = new Map<string, unknown>();
  flatten(document.toJS() ?? {}, "", { path, values, problems });
  return { path, values, problems };
}

function flatten(value: unknown, prefix: string, file: { path: string; values: Map<string, unknown>; problems: Problem[] }): void {
  const names = settings.map((setting) => setting.name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const what = prefix === "" ? "the file" : `\`${prefix.slice(0, -1)}\``;
    file.problems.push({
      where: file.path,
      problem: `must hold settings: ${what} is not a mapping`,
      fix: "See docs/reference/configuration.md.",
    });
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const name = `${prefix}${key}`;
    if (names.includes(name)) file.values.set(name, member);
    else if (names.some((known) => known.startsWith(`${name}.`))) flatten(member ?? {}, `${name}.`, file);
    else {
      const near = nearestName(name, names);
      const fix = near === null ? "Remove it; docs/reference/configuration.md has them all." : `Did you mean \`${near}\`?`;
      file.problems.push({ where: file.path, problem: `has a setting nobody knows: \`${name}\``, fix });
    }
  }
}

/** The text of a file, or `null` once `tell` heard why not. */
function readOr(sources: ConfigSources, path: string, tell: (problem: string, isMissing: boolean) => void): string | null {
  try {
    return sources.readText(path);
  } catch (error) {
    const code = errorCodeOf(error);
    tell(`cannot be read (${code})`, code === "ENOENT");
    return null;
  }
}

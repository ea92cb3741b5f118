import type { Config } from "./config.js";
import { Secret } from "./secret.js";
import { settings } from "./settings.js";

/** One line of `freshet config show`. */
export interface ConfigLine {
  readonly name: string;
  readonly variable: string;
  /** As text; secrets are redacted, `""` stands for nothing. */
  readonly value: string;
  readonly origin: string;
}

/** The effective configuration, each value with its origin and no secret. */
export function describeConfig(config: Config): readonly ConfigLine[] {
  return settings.map(({ name, env, secret }) => {
    const value = settingOf(config, name);
    const isHidden = secret === true && value !== null;
    const hidden = name === "redis.url" && value instanceof Secret ? withoutCredentials(value) : "[redacted]";
    return { name, variable: env, value: isHidden ? hidden : show(value), origin: config.origins.get(name) ?? "default" };
  });
}

function settingOf(config: Config, name: string): unknown {
  const [group = "", member] = name.split(".");
  const value: unknown = new Map(Object.entries(config)).get(group);
  if (member === undefined || typeof value !== "object" || value === null) return value;
  return new Map<string, unknown>(Object.entries(value)).get(member);
}

function show(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** Where Redis is may be seen, who logs in there may not. */
function withoutCredentials(url: Secret): string {
  const shown = new URL(url.reveal());
  const hasCredentials = shown.username !== "" || shown.password !== "";
  return `${shown.protocol}//${hasCredentials ? "[redacted]@" : ""}${shown.host}${shown.pathname}`;
}

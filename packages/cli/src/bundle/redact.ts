import type { Environment } from "../config.js";

const REDACTED = "[redacted]";

/** Shorter ones would take half of all words with them. */
const SECRET_CHARACTERS_MIN = 4;
const HARMLESS = /^(?:true|false|yes|\d+)$/;
/** Environment variables with such names hold secrets, whoever they belong to. */
const SECRET_NAMES = /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|_CERT$|_KEY$|_CA$|URL$|DSN$/i;

const patterns: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g, REDACTED],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, `$1${REDACTED}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, REDACTED],
  [/\b(pass(?:word|wd)?|secret|token|api[_-]?key)(["']?\s*[=:]\s*["']?)[^\s"',;&}]+/gi, `$1$2${REDACTED}`],
  [/[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+/g, REDACTED],
];

/** Every secret that the environment holds, in the ways it may be written. */
export function secretsOf(env: Environment, revealed: readonly string[]): readonly string[] {
  const named = Object.entries(env).flatMap(([name, value]) => (value !== undefined && SECRET_NAMES.test(name) ? [value] : []));
  const all = [...revealed, ...named].flatMap((text) => [text, ...partsOf(text)]).flatMap((text) => [text, encodeURIComponent(text)]);
  return [...new Set(all)]
    .filter((text) => text.length >= SECRET_CHARACTERS_MIN && !HARMLESS.test(text))
    .sort((a, b) => b.length - a.length);
}

/** Of a URL its password; users have names such as `default`, which are found by their place in a URL. */
function partsOf(text: string): readonly string[] {
  if (!URL.canParse(text)) return [];
  const { password } = new URL(text);
  return [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A copy without secrets: those that are known, whatever looks like one, and e-mail addresses; names of members too.
 */
export function redact(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((item: unknown) => redact(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [redactText(name, secrets), redact(member, secrets)]));
}

function redactText(text: string, secrets: readonly string[]): string {
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return patterns.reduce((rest, [pattern, shown]) => rest.replaceAll(pattern, shown), known);
}

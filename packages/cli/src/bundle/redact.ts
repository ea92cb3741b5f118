import type { Environment } from "../config.js";

const REDACTED = "[redacted]";

/** Shorter ones would take half of all words with them. */
const SECRET_CHARACTERS_MIN = 4;
const HARMLESS = /^(?:true|false|yes|\d+)$/;
/** Environment variables with such names hold secrets, whoever they belong to. */
const SECRET_NAMES =
  /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH(?!OR)|COOKIE|SIGNATURE|CONN(?:ECTION)?_?STR|_CERT$|_KEY$|_CA$|_PWD$|UR[IL]$|DSN$/i;
/** A path that many texts name rightly. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(["SSH_AUTH_SOCK"]);
/** Who is where, and no room for more. */
const OPEN_ADDRESS = /^(?:rediss?|https?):\/\/[\w.-]+(?::\d+)?\/?\d*$/;

/** How members and settings are called that hold a secret: `client_secret`, `sasl.password`, `apiKey`. */
const NAMED = "pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|sig(?:nature)?";
/** In quotes, in quotes within a text in quotes, or up to a blank. */
const VALUE = `\\\\"(?:[^"\\\\]|\\\\[^"])*\\\\"|"(?:[^"\\\\]|\\\\.)*"|'[^']*'|\\\\?["']?[^\\s"'&}]+`;

/** Each is bounded, or anchored: a page of half a million characters must not take minutes. */
const patterns: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g, REDACTED],
  // As far as the last @: a password may hold one, or a slash, where nobody has encoded it.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s"'<>]{1,4000}@/gi, `$1${REDACTED}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{1,1000}\.[\w-]+(?:\.[\w-]*)?/g, REDACTED],
  [
    /\b(?:A[KS]IA[A-Z0-9]{16}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|[sr]k_(?:live|test)_\w{8,})/g,
    REDACTED,
  ],
  [new RegExp(`((?:${NAMED})\\\\?["']?\\s*[=:]\\s*)(?:${VALUE})`, "gi"), `$1${REDACTED}`],
  [/[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+/g, REDACTED],
];

/** Every secret that is known, in the ways it may be written; `revealed` are those of the configuration. */
export function secretsOf(env: Environment, revealed: readonly string[]): readonly string[] {
  const named = Object.entries(env).flatMap(([name, value]) => {
    return value !== undefined && SECRET_NAMES.test(name) && !HARMLESS_NAMES.has(name) ? [value] : [];
  });
  // A number may be somebody's password. Of other variables it is rather a time or a port, and stands in half of all lines.
  const all = [...revealed, ...named.filter((text) => !HARMLESS.test(text))].filter((text) => !OPEN_ADDRESS.test(text));
  const written = all.flatMap((text) => [text, text.trim(), ...partsOf(text)]).flatMap(spellings);
  return [...new Set(written)].filter((text) => text.length >= SECRET_CHARACTERS_MIN).sort((a, b) => b.length - a.length);
}

/** As it is, in a URL, in JSON, in JSON within JSON, and in Base64. */
function spellings(text: string): readonly string[] {
  const inJson = JSON.stringify(text).slice(1, -1);
  const bytes = Buffer.from(text);
  const base64 = [bytes.toString("base64"), bytes.toString("base64url")].map((one) => one.replace(/=+$/, ""));
  const encoded = text.isWellFormed() ? [encodeURIComponent(text), encodeURI(text)] : [];
  return [text, ...encoded, inJson, JSON.stringify(inJson).slice(1, -1), ...base64];
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

import { types } from "node:util";
import { type Disposition, type ErrorCode, FreshetError } from "@freshet/protocol";
import { causeOf, connectionFaultOf } from "./connection-fault.js";
import { isPlaintextRefused, plaintextRefused } from "./plaintext.js";
import { refusedRight } from "./refused-right.js";

interface ErrorClass {
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  readonly fix: string;
}

const unreachable: ErrorClass = { code: "FR2001", disposition: "wait", fix: "Check that Redis runs and can be reached from here." };
const refusing: ErrorClass = { code: "FR2002", disposition: "wait", fix: "Look at Redis: role, memory, disk and replicas." };
const moving: ErrorClass = { code: "FR2002", disposition: "wait", fix: "Wait until the cluster has settled." };
const rights: ErrorClass = {
  code: "FR2003",
  disposition: "halt",
  fix: "Give this user the rights and the key patterns that infra/redis/users.acl lists.",
};
const login: ErrorClass = { ...rights, fix: "Check the user name and the password for Redis." };
const trust = { code: "FR1002", disposition: "halt" } as const;
const noTrust: ErrorClass = {
  ...trust,
  fix: "Set FRESHET_REDIS_CA to the authority that signed the certificate of Redis, and name Redis as it does.",
};
const notTrusted: ErrorClass = { ...trust, fix: "Set FRESHET_REDIS_CERT and FRESHET_REDIS_KEY to a client certificate that Redis takes." };
const unsuitable: ErrorClass = { code: "FR2004", disposition: "halt", fix: "Use Redis 7.0 or newer with scripting; run the probe." };

const noTls: ErrorClass = {
  ...unreachable,
  fix: "Check that Redis runs and can be reached from here, and that this port speaks TLS: FRESHET_REDIS_URL begins with rediss://.",
};
const noSentinel: ErrorClass = {
  ...unsuitable,
  fix: "Leave FRESHET_REDIS_MODE=sentinel out, or point FRESHET_REDIS_URL at a sentinel.",
};

const noCluster: ErrorClass = { ...unsuitable, fix: "Leave FRESHET_REDIS_MODE=cluster out, or point FRESHET_REDIS_URL at a cluster." };

const sharedPrefix: ErrorClass = {
  ...unsuitable,
  fix: "A key of Freshet's prefix holds another type; another service uses this prefix: set FRESHET_REDIS_PREFIX, or remove that key.",
};
const request: ErrorClass = {
  code: "FR1006",
  disposition: "usage",
  fix: "Give what the limits and time bounds allow; keep the clocks of all Redis servers within C.",
};
const partOfCluster: ErrorClass = { ...unsuitable, fix: "Set FRESHET_REDIS_MODE=cluster." };

/** By the first word of Redis' error. Infrastructure errors never end a record: each of these waits or halts. */
const classByWord: ReadonlyMap<string, ErrorClass> = new Map([
  ["LOADING", unreachable],
  ["MASTERDOWN", unreachable],
  ["BUSY", unreachable],
  ["READONLY", refusing],
  ["OOM", refusing],
  ["MISCONF", refusing],
  ["NOREPLICAS", refusing],
  ["NOSCRIPT", refusing],
  ["UNKILLABLE", unreachable],
  ["CLUSTERDOWN", moving],
  ["MOVED", moving],
  ["ASK", moving],
  ["TRYAGAIN", moving],
  ["NOPERM", rights],
  ["NOAUTH", login],
  ["WRONGPASS", login],
  ["CROSSSLOT", unsuitable],
  ["NOPROTO", unsuitable],
  ["WRONGTYPE", sharedPrefix],
]);

/** What a script is told that finds its slot on the way to another server, or the cluster down, only once it runs. */
const SCRIPT_MOVED = /Script attempted to (?:access a non local key|execute a (?:write )?command while the cluster is down)/;

/** What a script of Freshet says of its arguments: words of its own, none of the request. */
const REFUSED = /^-?ERR freshet: ([a-zA-Z0-9 ,.:;{}'"-]{1,200})$/;

const NO_CLUSTER = /cluster support disabled/i;

/** What the client says when a server answers more than it was asked. */
const OUT_OF_TURN = /^Command queue state error/;

const LOST =
  /connection is closed|isn't writeable|timed out|socket timeout|max retries|too many cluster redirections|none of startup nodes|sentinels are unreachable|connection close|ECONN|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|TLS/i;

const NO_TLS_CAME = "No TLS connection with Redis came about";

/** What the client says of bytes that are no reply. */
const NOT_REDIS = /Unknown RESP type \d|\. Please report this\.$/;

/** What the client repeats of a server that it takes for a sentinel. */
const NOT_A_SENTINEL = /^All sentinels are unreachable.* Last error: ERR unknown command [`'"]?sentinel/i;

/** That nobody is there, for certain: whoever answered before has gone. */
const NOBODY_THERE = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN/;

/** Codes of a TLS that did not come about, for whatever reason but the above. */
const NO_TLS = /^(?:ERR_SSL_|EPROTO)/;

/** What a peer that does not speak TLS makes of it when it says nothing. */
const SILENT_TLS = /connect ETIMEDOUT|before secure TLS connection/;

/** Codes of Node and OpenSSL for a certificate that this side does not take. */
const NO_TRUST = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;

/**
 * Anything thrown by the Redis client as a `FreshetError` that says whether to wait or to page somebody. Its text holds
 * the error's first word only: Redis repeats arguments in its errors, and they may hold a payload.
 */
export function classify(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error;
  if (!types.isNativeError(error)) return classify(new Error(`something of type ${typeof error} was thrown`));
  if (error.name === "ReplyError") return ofReply(error);
  const text = ownText(error);
  const code = errorCodeOf(error);
  if (isPlaintextRefused(error.message)) return plaintextRefused();
  if (/^ERR_SSL_.*ALERT/.test(code)) return make(notTrusted, `TLS with Redis failed (${code})`, error);
  if (NO_TRUST.test(code)) return make(noTrust, `TLS with Redis failed (${code})`, error);
  if (NOT_A_SENTINEL.test(error.message)) return make(noSentinel, "What answers there is not a sentinel", error);
  if (NOT_REDIS.test(error.message)) return speaksNoRedis();
  if (OUT_OF_TURN.test(error.message)) return make(unsuitable, "Redis answered what nobody asked", error);
  if (NO_TLS.test(code)) return make(noTls, NO_TLS_CAME, error);
  if (LOST.test(text)) return make(unreachable, "Redis did not answer", error);
  return new FreshetError("FR9001", "halt", `The Redis client failed: ${text}.`, "Report it with the log around this line.");
}

/** As `classify`, where the URL wants TLS. A server without it often says nothing at all. */
export function classifyTls(error: unknown): FreshetError {
  const isSilent = types.isNativeError(error) && error.name === "Error" && SILENT_TLS.test(error.message);
  return isSilent ? make(noTls, NO_TLS_CAME, error) : classify(error);
}

/** As `classify`, also of what it said, where no server but this one is known: waiting does not make it the owner of the key. */
export function classifyAlone(error: unknown): FreshetError {
  const known = classify(error);
  const [, word = ""] = /^ReplyError ([A-Z]+)$/.exec(types.isNativeError(known.cause) ? known.cause.message : "") ?? [];
  return word === "MOVED" || word === "ASK" ? make(partOfCluster, "This Redis is a part of a cluster", known) : known;
}

/**
 * Why there is no connection, after another trouble. A server that refuses a certificate says so, and closes, as does one that
 * is no Redis: what is written meanwhile often makes the next attempt a mere loss of the connection, which tells less.
 */
export function reasonOf(known: FreshetError | null, next: FreshetError): FreshetError {
  if (known === null || next.disposition !== "wait" || NOBODY_THERE.test(String(next.cause))) return next;
  return known.code === trust.code || connectionFaultOf(known) !== null ? known : next;
}

/** Whether a call failed only because the server does not hold the script (restart, SCRIPT FLUSH, failover). */
export function isNoScript(error: unknown): boolean {
  return types.isNativeError(error) && firstWord(error) === "NOSCRIPT";
}

/** Whether a command, or the whole call, had no answer in time; of a classified error too. */
export function isTimeout(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  return /command timed out|did not answer within/i.test(error.message) || isTimeout(error.cause);
}

/** The first word of an error that Redis answered, e.g. `MOVED`; `null` for any other error. */
export function replyWord(error: Error): string | null {
  return error.name === "ReplyError" ? firstWord(error) : null;
}

function ofReply(error: Error): FreshetError {
  const word = firstWord(error);
  const known = classByWord.get(word);
  if (known !== undefined) return make(known, `Redis answered ${word}${known === rights ? rightOf(error) : ""}`, error);
  if (NO_CLUSTER.test(error.message)) return make(noCluster, "This Redis is not a cluster", error);
  const [, refused] = REFUSED.exec(error.message) ?? [];
  if (refused !== undefined) return make(request, `A script of Freshet refused the request: ${refused}`, error);
  const what = /unknown command/i.test(error.message) ? "that it does not know a command" : "an error";
  return make(unsuitable, `Redis answered ${what}${word === "" ? "" : ` (${word})`}`, error);
}

/**
 * A script's error may carry the word behind a minus sign, where a proxy or an old server wraps it. What a user may not
 * run inside a script comes without any word of its own (the first text is Redis 7.0's, the second that of later ones), and so does what a cluster refuses to a script that
 * runs already.
 */
function firstWord(error: Error): string {
  if (/^-?ERR (?:The user executing the script can't|ACL failure in script)/.test(error.message)) return "NOPERM";
  if (SCRIPT_MOVED.test(error.message)) return "CLUSTERDOWN";
  const [, word = ""] = /^-?([A-Z]+)\b/.exec(error.message) ?? [];
  if (word !== "ERR") return word;
  const [, inner = word] = /: -?([A-Z]{3,})\b/.exec(error.message) ?? [];
  return classByWord.has(inner) ? inner : word;
}

/** What a user may not do, where Redis says it; nothing else of its text is told. */
function rightOf(error: Error): string {
  const refused = refusedRight(error.message);
  if (refused === "keys") return " to keys";
  return refused === null ? "" : ` to ${refused.commands.join(" or ")}`;
}

function errorCodeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function make({ code, disposition, fix }: ErrorClass, problem: string, error: Error): FreshetError {
  return new FreshetError(code, disposition, `${problem}.`, fix, bareCause(error));
}

function speaksNoRedis(): FreshetError {
  const fix = "Correct the host and the port of FRESHET_REDIS_URL; a port of Redis that speaks TLS wants rediss://.";
  return new FreshetError("FR2004", "halt", "What answers there does not speak Redis.", fix, causeOf("protocol"));
}

/** What the client itself says: behind "Last error:" it repeats the server, who may repeat a password. */
function ownText(error: Error): string {
  return `${error.name} ${errorCodeOf(error)} ${error.message.replace(/ Last (?:error|reply):[\s\S]*$/, "")}`;
}

/** The client hangs the command with its arguments on its errors, and Redis repeats them: neither may reach a log. */
function bareCause(error: Error): Error {
  return new Error(error.name === "ReplyError" ? `${error.name} ${firstWord(error)}` : ownText(error));
}

import { asFreshetError, FreshetError } from "@freshet/protocol";
import { PLAINTEXT_REFUSED } from "./plaintext.js";

/** The broker says no for lack of rights: nothing here mends it. */
const RIGHTS = new Set([
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
  "SECURITY_DISABLED",
]);

/** The broker does not know the user, the password or the way to log in. */
const LOGIN = new Set(["SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"]);

/** The broker says no to the record itself: sending it again gets the same answer. */
const REFUSED = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
  "INVALID_REQUIRED_ACKS",
  "UNSUPPORTED_COMPRESSION_TYPE",
  "UNSUPPORTED_FOR_MESSAGE_FORMAT",
  "POLICY_VIOLATION",
]);

const MISSING = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"]);

/** The broker says no to a request for a reason that lies in the request: a topic's settings, say. */
const INVALID = new Set([
  "INVALID_PARTITIONS",
  "INVALID_REPLICATION_FACTOR",
  "INVALID_REPLICA_ASSIGNMENT",
  "INVALID_CONFIG",
  "INVALID_REQUEST",
]);

/** After these kafkajs joins the group again; after anything else it reads on. */
const REJOINED = new Set(["REBALANCE_IN_PROGRESS", "NOT_COORDINATOR_FOR_GROUP", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

/** Whether kafkajs joins the group again once it sees this error. */
export function leadsToJoin(error: unknown): boolean {
  return REJOINED.has(protocolTypeOf(error) ?? "");
}

/** Whether kafkajs threw this itself. Its classes are CommonJS, so the names are asked and not `instanceof`. */
export function isKafkajsError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith("KafkaJS");
}

/** The protocol error type (`REBALANCE_IN_PROGRESS`, …) of an error or of what caused it; `null` when there is none. */
export function protocolTypeOf(error: unknown): string | null {
  for (const link of causes(error)) {
    if ("type" in link && typeof link.type === "string") return link.type;
  }
  return null;
}

/**
 * Any error of kafkajs as a `FreshetError`. Infrastructure waits; lack of rights, of trust, and refused records halt.
 *
 * @param doing what was under way, as in "Kafka did not answer while joining the group"
 */
export function fromKafkajs(error: unknown, doing: string): FreshetError {
  for (const link of causes(error)) if (link instanceof FreshetError) return link;
  const type = protocolTypeOf(error);
  if (isAboutVersions(error, type)) {
    const fix = "Use Kafka 2.3 to 4.x, and see what was changed at the brokers; for newer brokers look for a newer Freshet.";
    return new FreshetError("FR3007", "halt", `the broker does not take a request's version while ${doing}`, fix, error);
  }
  if (!isKafkajsError(error) || (type === null && isProgramError(error))) return unexpected(error, doing);
  const trust = untrusted(error, doing);
  if (trust !== null) return trust;
  if (isAboutLogin(error, type)) {
    const variables = type === "UNSUPPORTED_SASL_MECHANISM" ? "_MECHANISM" : "_USERNAME, FRESHET_KAFKA_SASL_PASSWORD and the _MECHANISM";
    const fix = `Correct FRESHET_KAFKA_SASL${variables}: the broker's administrator knows which user there is, and how it logs in.`;
    return new FreshetError("FR3006", "halt", `Kafka refused the login while ${doing}: ${nameOf(error, type)}`, fix, error);
  }
  if (type !== null && RIGHTS.has(type)) {
    const fix = "Give the client's user the rights it lacks: infra/kafka/README.md lists what each role needs.";
    return new FreshetError("FR3006", "halt", `Kafka refused rights while ${doing}: ${nameOf(error, type)}`, fix, error);
  }
  if (type !== null && REFUSED.has(type)) {
    const fix = "Raise the topic's limits (max.message.bytes) or correct its settings; the record itself cannot change.";
    return new FreshetError("FR3003", "halt", `the broker refused a record while ${doing}: ${type}`, fix, error);
  }
  if (type !== null && INVALID.has(type)) {
    const fix = "Correct the topic's settings: partitions, replication factor, config.";
    return new FreshetError("FR1002", "halt", `the broker refused the settings while ${doing}: ${type}`, fix, error);
  }
  if (type !== null && MISSING.has(type)) {
    const fix = "Create the topic (`freshet topics create` makes Freshet's own), or correct its name.";
    return new FreshetError("FR3002", "halt", `a topic is missing while ${doing}`, fix, error);
  }
  const fix = "Check that the brokers are up and reachable from here; the service tries again until they are.";
  return new FreshetError("FR3001", "wait", `Kafka did not do its part while ${doing}: ${nameOf(error, type)}`, fix, error);
}

function isAboutVersions(error: unknown, type: string | null): boolean {
  if (type === "UNSUPPORTED_VERSION") return true;
  for (const link of causes(error)) if (link.name === "KafkaJSServerDoesNotSupportApiKey") return true;
  return false;
}

function isAboutLogin(error: unknown, type: string | null): boolean {
  if (type !== null && LOGIN.has(type)) return true;
  for (const link of causes(error)) {
    // A broker that goes away in the middle of a login has not refused it; kafkajs calls both the same.
    if (link.name === "KafkaJSSASLAuthenticationError")
      return !/closed connection|connection (?:error|timeout)|timed out/i.test(link.message);
  }
  return false;
}

/** By the code that Node or OpenSSL gave: one side does not take the other's certificate, or does not speak TLS. */
function untrusted(error: unknown, doing: string): FreshetError | null {
  const code = codeOf(error);
  if (code === PLAINTEXT_REFUSED) return plaintextRefused(doing, error);
  const fix = fixOfTrust(code);
  return fix === null ? null : new FreshetError("FR1002", "halt", `TLS with a broker failed while ${doing}: ${code}`, fix, error);
}

function plaintextRefused(doing: string, error: unknown): FreshetError {
  const problem = `a broker names itself, or another one, on another machine, and TLS is off, while ${doing}`;
  const fix = "Set FRESHET_KAFKA_SSL=true, correct the brokers' advertised.listeners, or accept it with FRESHET_ALLOW_PLAINTEXT=true.";
  return new FreshetError("FR1002", "halt", problem, fix, error);
}

function fixOfTrust(code: string): string | null {
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return "The broker does not take this client's certificate: set FRESHET_KAFKA_CERT and FRESHET_KAFKA_KEY to one that its authority signed.";
  }
  if (/^ERR_SSL_/.test(code)) return "Name a port of the brokers that speaks TLS in FRESHET_KAFKA_BROKERS.";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return "Name the brokers in FRESHET_KAFKA_BROKERS, and in their advertised.listeners, as their certificates do.";
  }
  if (/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) return "Renew the brokers' certificates, or correct this machine's clock.";
  if (!/^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)) return null;
  return "Set FRESHET_KAFKA_CA to the authority that signed the brokers' certificates.";
}

function codeOf(error: unknown): string {
  for (const link of causes(error)) if ("code" in link && typeof link.code === "string") return link.code;
  return "";
}

const PROGRAM_ERRORS = new Set(["TypeError", "RangeError", "ReferenceError", "SyntaxError"]);

/** kafkajs wraps what went wrong in its own code, or in what it called. */
function isProgramError(error: unknown): boolean {
  for (const link of causes(error)) if (PROGRAM_ERRORS.has(link.name)) return true;
  return false;
}

function unexpected(error: unknown, doing: string): FreshetError {
  const known = asFreshetError(error);
  return new FreshetError(known.code, known.disposition, `${known.message} while ${doing}`, known.fix, error);
}

function nameOf(error: Error, type: string | null): string {
  if (type !== null) return type;
  let last = error;
  for (const link of causes(error)) last = link;
  const broker = "broker" in last && typeof last.broker === "string" ? last.broker : "";
  const where = [broker, codeOf(last)].filter((text) => text !== "").join(", ");
  return where === "" ? last.name : `${last.name} (${where})`;
}

/** The error and what caused it, outermost first; at most ten, for causes may be circular. */
function* causes(error: unknown): Generator<Error> {
  let link: unknown = error;
  for (let depth = 0; depth < 10 && link instanceof Error; depth++) {
    yield link;
    link = link.cause;
  }
}

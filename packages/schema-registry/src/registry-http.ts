import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { FreshetError, type JsonValue, parseJson, type RegistryAccess } from "@freshet/protocol";

/** What a registry answered. */
export interface RegistryReply {
  readonly status: number;
  /** `undefined` for what is no JSON; `"too large"` for what was not read to its end. */
  readonly body: JsonValue | undefined | "too large";
}

export interface RegistryHttp {
  /**
   * Asks for a path below the registry's URL.
   *
   * @throws FreshetError FR4001 `wait`, or FR4003 `halt` when its certificate is not trusted.
   */
  get(path: string, deadline: AbortSignal): Promise<RegistryReply>;
  close(): void;
}

/** Larger schemas are refused: Avro schemas of that size are nobody's rows. */
const REPLY_BYTES_MAX = 1024 * 1024;
const SOCKETS_MAX = 8;
const ACCEPT = "application/vnd.schemaregistry.v1+json, application/json";
/** A certificate that is not trusted does not become so by waiting. */
const NOT_TRUSTED = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|ERR_SSL_)/;

/** Redirects are not followed: the credentials are for this host alone. */
export function createRegistryHttp({ url, renew, ...given }: RegistryAccess): RegistryHttp {
  const base = new URL(url);
  const isTls = base.protocol === "https:";
  const pool = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const agent = isTls ? new HttpsAgent(pool) : new HttpAgent(pool);
  const send = isTls ? httpsRequest : httpRequest;
  return {
    async get(path, deadline) {
      try {
        const target = `${base.pathname.replace(/\/+$/, "")}${path}`;
        const { user, tls } = renew?.() ?? given;
        const headers = { accept: ACCEPT, ...(user === null ? {} : { authorization: basic(user) }) };
        const access = { headers, ...(isTls ? tls : {}) };
        const options: RequestOptions = { host: hostOf(base), port: base.port, path: target, agent, signal: deadline, ...access };
        return await new Promise<RegistryReply>((resolve, reject) => {
          const sent = send(options, (reply) => void readReply(reply).then(resolve, reject));
          sent.on("error", reject);
          sent.end();
        });
      } catch (error) {
        throw troubleOf(error, base.host);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readReply(reply: IncomingMessage): Promise<RegistryReply> {
  const status = reply.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) {
      reply.destroy();
      return { status, body: "too large" };
    }
    chunks.push(chunk);
  }
  try {
    return { status, body: parseJson(Buffer.concat(chunks).toString("utf8")) };
  } catch {
    return { status, body: undefined };
  }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function basic({ name, password }: { readonly name: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

function troubleOf(error: unknown, host: string): FreshetError {
  const { name, code } = wordsOf(error);
  if (NOT_TRUSTED.test(code)) {
    const fix = "Set FRESHET_SCHEMA_REGISTRY_CA to the certificate of its authority, and use the name the certificate is for.";
    return new FreshetError("FR4003", "halt", `the certificate of the schema registry at ${host} is not trusted (${code})`, fix, error);
  }
  const fix = "Check that it runs and can be reached from here; it is asked again until it answers.";
  const problem =
    name === "AbortError" || name === "TimeoutError"
      ? `the schema registry at ${host} did not answer in time`
      : `the schema registry at ${host} cannot be reached (${code})`;
  return new FreshetError("FR4001", "wait", problem, fix, error);
}

/** The short words of an error of the system; its text may name more than we want. */
function wordsOf(error: unknown): { readonly name: string; readonly code: string } {
  if (typeof error !== "object" || error === null) return { name: "unknown", code: "unknown" };
  const name = "name" in error ? String(error.name) : "unknown";
  return { name, code: "code" in error ? String(error.code) : name };
}

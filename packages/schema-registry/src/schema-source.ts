import { FreshetError, isJsonObject, type JsonObject, type JsonValue } from "@freshet/protocol";
import type { RegistryHttp, RegistryReply } from "./registry-http.js";

/** A schema as a registry has it, with the texts of all that it refers to, each after those it needs. */
export interface SchemaText {
  readonly kind: "avro" | "json" | "other";
  readonly text: string;
  readonly references: readonly string[];
}

/** `missing`: the registry says that it has none. `unusable`: nothing that waiting would mend. */
export type FoundSchema = SchemaText | "missing" | "unusable";

/** Schemas that one schema may refer to, over all levels. */
const REFERENCES_MAX = 64;
const LEVELS_MAX = 16;
/** What registries say of a subject, a version and a schema that they do not have. */
const NOT_FOUND = new Set([40401, 40402, 40403]);
const GUID = "guids/";
const NOT_FOUND_STATUS = 404;
const KINDS: ReadonlyMap<JsonValue | undefined, SchemaText["kind"]> = new Map([
  [undefined, "avro"],
  ["AVRO", "avro"],
  ["JSON", "json"],
]);

/**
 * Asks a registry for a schema by `ids/<number>` or `guids/<uuid>`.
 *
 * @throws FreshetError FR4001 `wait`, FR4002 and FR4003 `halt`.
 */
export async function fetchSchema(http: RegistryHttp, name: string, deadline: AbortSignal): Promise<FoundSchema> {
  const found = await (name.startsWith(GUID) ? askByGuid : ask)(http, `/schemas/${name}`, deadline);
  if (typeof found === "string") return found;
  const kind = KINDS.get(found.schemaType) ?? "other";
  const text = schemaTextOf(found);
  if (kind !== "avro") return { kind, text, references: [] };
  const gathering: Gathering = { http, deadline, texts: new Map(), open: new Set() };
  const problem = await gather(found, gathering);
  return problem ?? { kind, text, references: [...gathering.texts.values()] };
}

interface Gathering {
  readonly http: RegistryHttp;
  readonly deadline: AbortSignal;
  /** By subject and version, in the order in which they can be read. */
  readonly texts: Map<string, string>;
  /** Those that are being gathered: one that comes up again refers to itself. */
  readonly open: Set<string>;
}

async function gather(schema: JsonObject, gathering: Gathering): Promise<"missing" | "unusable" | null> {
  const references = schema.references ?? [];
  if (!isList(references)) return "unusable";
  for (const reference of references) {
    const path = referencePath(reference);
    if (path === null || gathering.open.has(path)) return "unusable";
    if (gathering.texts.has(path)) continue;
    if (gathering.texts.size + gathering.open.size >= REFERENCES_MAX || gathering.open.size >= LEVELS_MAX) return "unusable";
    gathering.open.add(path);
    const found = await ask(gathering.http, path, gathering.deadline);
    const problem = typeof found === "string" ? found : await gather(found, gathering);
    if (problem !== null) return problem;
    gathering.open.delete(path);
    if (typeof found !== "string") gathering.texts.set(path, schemaTextOf(found));
  }
  return null;
}

/** Deleted versions too: records that were written by them are still there. */
function referencePath(reference: JsonValue): string | null {
  if (!isJsonObject(reference)) return null;
  const { subject, version } = reference;
  if (typeof subject !== "string" || typeof version !== "number" || !Number.isSafeInteger(version)) return null;
  return `/subjects/${encodeURIComponent(subject)}/versions/${version}?deleted=true`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function schemaTextOf({ schema }: JsonObject): string {
  return typeof schema === "string" ? schema : "";
}

async function ask(http: RegistryHttp, path: string, deadline: AbortSignal): Promise<JsonObject | "missing" | "unusable"> {
  const reply = await http.get(path, deadline);
  const { status, body } = reply;
  if (status === 200 && body === "too large") return "unusable";
  if (status === 200 && isJsonObject(body) && typeof body.schema === "string") return body;
  if (status === 404 && isJsonObject(body) && NOT_FOUND.has(Number(body.error_code))) return "missing";
  throw refusalOf(reply);
}

/**
 * Registries of some years ago know no GUIDs: to them the path is as wrong as any. Since a record's own bytes say whether it names
 * one, that must not be taken for a wrong URL: one question that every registry answers tells the two apart.
 */
async function askByGuid(http: RegistryHttp, path: string, deadline: AbortSignal): Promise<JsonObject | "missing" | "unusable"> {
  try {
    return await ask(http, path, deadline);
  } catch (error) {
    if (!(error instanceof NoRegistry) || error.status !== NOT_FOUND_STATUS) throw error;
    const types = await http.get("/schemas/types", deadline);
    if (types.status === 200 && types.body !== "too large" && types.body !== undefined && isList(types.body)) return "missing";
    throw error;
  }
}

function refusalOf({ status }: RegistryReply): FreshetError {
  if (status === 401 || status === 403) {
    const fix =
      "Check FRESHET_SCHEMA_REGISTRY_USERNAME and _PASSWORD; the user needs the right to read schemas, and subjects where schemas refer to others.";
    return new FreshetError("FR4002", "halt", `the schema registry refuses to give out schemas (status ${status})`, fix);
  }
  if (status >= 500 || status === 408 || status === 429) {
    const fix = "Look at the registry's own log; it is asked again until it answers.";
    return new FreshetError("FR4001", "wait", `the schema registry is in trouble (status ${status})`, fix);
  }
  const fix = "Set FRESHET_SCHEMA_REGISTRY_URL to the registry itself, with its path where it has one: redirects are not followed.";
  return new NoRegistry(status, fix);
}

/** What answers is no registry, or does not know the path. */
class NoRegistry extends FreshetError {
  readonly status: number;

  constructor(status: number, fix: string) {
    super("FR4003", "halt", `what answers as schema registry is none (status ${status})`, fix);
    this.status = status;
  }
}

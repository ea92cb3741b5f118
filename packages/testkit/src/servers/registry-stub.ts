import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";

/** What a schema registry says of a schema. */
export interface StubSchema {
  /** Absent for Avro, as registries have it. */
  readonly schemaType?: "JSON" | "PROTOBUF";
  readonly schema: unknown;
  /** Each with `name`, `subject` and `version`. */
  readonly references?: readonly Readonly<Record<string, unknown>>[];
}

/** A schema registry for tests: schemas by path, and whatever goes wrong with one. */
export interface RegistryStub {
  readonly url: string;
  /** The requests so far, as `GET /schemas/ids/1`, with the user behind them where there is one. */
  readonly requests: readonly string[];
  put(id: number, schema: StubSchema): void;
  putGuid(guid: string, schema: StubSchema): void;
  putVersion(subject: string, number: number, schema: StubSchema): void;
  /** Answers everything like this from now on; `null` for itself. */
  answerWith(answer: RequestListener | null): void;
  /** Takes no more connections, and ends those it has. */
  goDown(): Promise<void>;
  /** Listens again, at the same port. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export async function startRegistryStub(): Promise<RegistryStub> {
  const schemas = new Map<string, StubSchema>();
  const requests: string[] = [];
  let special: RequestListener | null = null;
  const server = createServer((request, response) => {
    requests.push(told(request));
    if (special === null) answer(schemas.get(pathOf(request)), response);
    else special(request, response);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    put: (id, schema) => void schemas.set(`/schemas/ids/${id}`, schema),
    putGuid: (guid, schema) => void schemas.set(`/schemas/guids/${guid}`, schema),
    putVersion: (subject, number, schema) => void schemas.set(`/subjects/${encodeURIComponent(subject)}/versions/${number}`, schema),
    answerWith: (listener) => {
      special = listener;
    },
    goDown: stop,
    comeBack: () => listen(port),
    close: stop,
  };
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.replace(/\?.*$/, "");
}

function told({ method, url, headers }: IncomingMessage): string {
  const [, encoded = ""] = /^Basic (.*)$/.exec(headers.authorization ?? "") ?? [];
  const user = encoded === "" ? "" : ` as ${Buffer.from(encoded, "base64").toString()}`;
  return `${method} ${url}${user}`;
}

function answer(found: StubSchema | undefined, response: ServerResponse): void {
  response.setHeader("content-type", "application/vnd.schemaregistry.v1+json");
  if (found === undefined) {
    response.statusCode = 404;
    response.end(JSON.stringify({ error_code: 40403, message: "Schema not found" }));
    return;
  }
  const { schemaType, schema: text } = found;
  const schema = schemaType === "PROTOBUF" ? text : JSON.stringify(text);
  response.end(JSON.stringify({ ...found, schema }));
}

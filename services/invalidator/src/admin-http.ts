import { FreshetError } from "@freshet/protocol";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { errorCodeOf } from "./error-code.js";
import { OPEN_METRICS_TYPE } from "./open-metrics.js";
import type { ProbeAnswer } from "./service-state.js";

/** What the admin port shows. Each is asked when somebody looks. */
export interface AdminViews {
  live(): ProbeAnswer;
  ready(): ProbeAnswer;
  started(): ProbeAnswer;
  metrics(): Promise<string>;
  readonly metricsType: string;
  /** For readers that ask for OpenMetrics; `null` where there is no more in it. */
  readonly openMetrics: (() => Promise<string>) | null;
}

const SLOW_MS = 5000;
const BODY_BYTES_MAX = 1024;
const READING = new Set(["GET", "HEAD"]);

/**
 * The admin port: probes and metrics, only to be read. Its errors hold nothing of the process. Whoever takes longer than `slowMs`
 * milliseconds to say what it wants is shut out.
 */
export function createAdminHttp(views: AdminViews, slowMs = SLOW_MS): FastifyInstance {
  const app = fastify({
    logger: false,
    // Headers that drip keep a connection busy; Node looks at the age of requests every 30 s unless it is told otherwise.
    http: { maxHeaderSize: 8192, headersTimeout: slowMs, requestTimeout: slowMs, connectionsCheckingInterval: Math.ceil(slowMs / 5) },
    bodyLimit: BODY_BYTES_MAX,
    connectionTimeout: slowMs,
    requestTimeout: slowMs,
    keepAliveTimeout: slowMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: (_error, _request, reply) => void problem(reply, 400, "bad request"),
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    if (!READING.has(request.method)) {
      reply.header("allow", "GET, HEAD");
      return problem(reply, 405, "only GET and HEAD");
    }
    // Nobody reads the body of a GET, so no limit would meet it: it would come in and be thrown away.
    const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
    if (encoding === undefined && Number(length) <= BODY_BYTES_MAX) return;
    reply.header("connection", "close");
    return problem(reply, 413, "a body that nobody asked for");
  });
  app.get("/livez", (_request, reply) => answer(reply, views.live()));
  app.get("/readyz", (_request, reply) => answer(reply, views.ready()));
  app.get("/startupz", (_request, reply) => answer(reply, views.started()));
  app.get("/metrics", async ({ headers }, reply) => {
    const { openMetrics } = views;
    const isAskedFor = (headers.accept ?? "").includes("application/openmetrics-text");
    if (openMetrics !== null && isAskedFor) return reply.type(OPEN_METRICS_TYPE).send(await openMetrics());
    return reply.type(views.metricsType).send(await views.metrics());
  });
  app.setNotFoundHandler((_request, reply) => problem(reply, 404, "no such page"));
  app.setErrorHandler((_error, _request, reply) => problem(reply, 500, "this page failed"));
  return app;
}

/**
 * Starts to listen; answers with the address, port included.
 *
 * @throws FreshetError FR1002 when that is not possible.
 */
export async function listen(app: FastifyInstance, { host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = errorCodeOf(error);
    const problem = `the admin port cannot listen on ${host} port ${port} (${code})`;
    throw new FreshetError("FR1002", "usage", problem, "Choose another FRESHET_HTTP_PORT or FRESHET_HTTP_HOST.");
  }
}

function answer(reply: FastifyReply, { ok, body }: ProbeAnswer): FastifyReply {
  return reply.code(ok ? 200 : 503).send({ ok, ...body });
}

function problem(reply: FastifyReply, status: number, title: string): FastifyReply {
  return reply.code(status).type("application/problem+json").send({ type: "about:blank", title, status });
}

import { once } from "node:events";
import { connect } from "node:net";
import type { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type AdminViews, createAdminHttp, listen } from "./admin-http.js";
import { loadConfig } from "./config.js";

const views: AdminViews = {
  live: () => ({ ok: true, body: { phase: "consuming" } }),
  ready: () => ({ ok: false, body: { waiting: [{ code: "FR2001" }] } }),
  started: () => ({ ok: true, body: {} }),
  metrics: async () => "freshet_events_total 1\n",
  metricsType: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: null,
};

const apps: ReturnType<typeof createAdminHttp>[] = [];
const open = (overrides: Partial<AdminViews> = {}) => {
  const app = createAdminHttp({ ...views, ...overrides });
  apps.push(app);
  return app;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe("the admin port", () => {
  test.each([
    ["/livez", 200, { ok: true, phase: "consuming" }],
    ["/readyz", 503, { ok: false, waiting: [{ code: "FR2001" }] }],
    ["/startupz", 200, { ok: true }],
  ])("%s answers %i with its reasons", async (url, status, body) => {
    const response = await open().inject({ url });
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual(body);
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  test("/metrics is Prometheus' text", async () => {
    const response = await open().inject({ url: "/metrics" });
    expect(response.headers["content-type"]).toBe(views.metricsType);
    expect(response.body).toBe("freshet_events_total 1\n");
  });

  test("/metrics is OpenMetrics for those who ask for it, where there is more in it", async () => {
    const accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    const openMetrics = async () => "freshet_events_total 1\n# EOF\n";
    const asked = await open({ openMetrics }).inject({ url: "/metrics", headers: { accept } });
    expect(asked.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(asked.body).toBe("freshet_events_total 1\n# EOF\n");
    const others = [await open({ openMetrics }).inject({ url: "/metrics" }), await open().inject({ url: "/metrics", headers: { accept } })];
    for (const response of others)
      expect([response.headers["content-type"], response.body]).toEqual([views.metricsType, "freshet_events_total 1\n"]);
  });

  test("HEAD has no body", async () => {
    const response = await open().inject({ method: "HEAD", url: "/livez" });
    expect([response.statusCode, response.body]).toEqual([200, ""]);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const)("%s is refused, on every page", async (method) => {
    for (const url of ["/livez", "/metrics", "/nope"]) {
      const response = await open().inject({ method, url, payload: "x".repeat(5000) });
      expect(response.statusCode).toBe(405);
      expect(response.headers.allow).toBe("GET, HEAD");
      expect(response.headers["content-type"]).toMatch("application/problem+json");
    }
  });

  test.each(["/", "/nope", "/livez/", "/..%2f", "/%zz"])("%s is no page", async (url) => {
    const response = await open().inject({ url });
    expect([400, 404]).toContain(response.statusCode);
    expect(response.json()).toMatchObject({ type: "about:blank", status: response.statusCode });
  });

  test("a page that fails shows nothing of the process", async () => {
    const fail = (): never => {
      throw new Error("a secret");
    };
    for (const [url, app] of [
      ["/readyz", open({ ready: fail })],
      ["/metrics", open({ metrics: async () => fail() })],
    ] as const) {
      const response = await app.inject({ url });
      expect(response.statusCode).toBe(500);
      expect(response.body).not.toMatch(/secret|at /);
    }
  });

  test("says what to do when its port is taken", async () => {
    const address = await listen(open(), { host: "127.0.0.1", port: 0 });
    const port = Number(new URL(address).port);
    const error: FreshetError = await listen(open(), { host: "127.0.0.1", port }).then(
      () => Promise.reject(new Error("no error")),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "FR1002", disposition: "usage", message: expect.stringContaining("EADDRINUSE") });
    expect(error.fix).toContain("FRESHET_HTTP_PORT");
  });

  test("refuses a body before it has come", async () => {
    const address = new URL(await listen(open(), { host: "127.0.0.1", port: 0 }));
    const socket = connect(Number(address.port), address.hostname);
    const answered = once(socket, "data");
    socket.write("POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{");
    expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 405 /);
    socket.destroy();
  });

  test.each(["content-length: 1025", "transfer-encoding: chunked"])("refuses the body of a GET before it has come: %s", async (header) => {
    const address = new URL(await listen(open(), { host: "127.0.0.1", port: 0 }));
    const socket = connect(Number(address.port), address.hostname);
    const [answered, ended] = [once(socket, "data"), once(socket, "end")];
    socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n`);
    expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 413 /);
    await ended;
    socket.destroy();
  });

  test("shuts out a connection whose headers drip, however busily", async () => {
    const slowMs = 250;
    const app = createAdminHttp(views, slowMs);
    apps.push(app);
    const address = new URL(await listen(app, { host: "127.0.0.1", port: 0 }));
    const socket = connect(Number(address.port), address.hostname).on("error", () => undefined);
    let answer = "";
    socket.on("data", (bytes) => {
      answer += String(bytes);
    });
    socket.write("GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ");
    const startedMs = performance.now();
    await until(() => socket.destroyed || !socket.write("x"), { pollMs: 20 });
    await until(() => socket.destroyed);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - startedMs).toBeGreaterThan(slowMs - 50);
    expect(performance.now() - startedMs).toBeLessThan(25_000); // Node's own look comes every 30 s
  }, 60_000);

  test("listens on this machine only, unless it is told otherwise", () => {
    const none = () => {
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    };
    expect(loadConfig({ env: {}, flags: {}, readText: none }).http.host).toBe("127.0.0.1");
  });

  test("refuses headers that are too large", async () => {
    const address = await listen(open(), { host: "127.0.0.1", port: 0 });
    const response = await fetch(`${address}/livez`, { headers: { "x-large": "x".repeat(10_000) } });
    expect(response.status).toBe(431);
  });
});

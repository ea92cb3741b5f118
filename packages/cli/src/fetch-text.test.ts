import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startStopwatch } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { fetchText } from "./fetch-text.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("a page", () => {
  test("is its status and its body", async () => {
    const url = await served((_request, response) => void response.writeHead(503).end("not ready: é"));
    expect(await fetchText(url)).toEqual({ status: 503, body: "not ready: é" });
  });

  test("that never ends is cut", async () => {
    const chunk = "x".repeat(65_536);
    const url = await served((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once("drain", more);
      };
      more();
    });
    const watch = startStopwatch();
    expect((await fetchText(url)).body).toHaveLength(1_000_000);
    expect(watch.ms).toBeLessThan(3000);
    watch.stop();
  });

  test("that never begins, or leads elsewhere, is none", async () => {
    await expect(fetchText(await served(() => undefined))).rejects.toThrow();
    const url = await served((_request, response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
    await expect(fetchText(url)).rejects.toThrow();
  }, 60_000);
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { createRegistryHttp } from "./registry-http.js";

test("each request has the credentials that are valid by then", async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let password = "first";
  const http = createRegistryHttp({
    url: `http://127.0.0.1:${port}`,
    user: { name: "u", password: "never" },
    tls: {},
    renew: () => ({ user: { name: "u", password }, tls: {} }),
    clock: { nowMs: () => 0 },
  });
  const deadline = AbortSignal.timeout(5000);
  await http.get("/schemas/ids/1", deadline);
  password = "second";
  await http.get("/schemas/ids/1", deadline);
  http.close();
  server.close();
  expect(seen).toEqual(["first", "second"].map((text) => `Basic ${Buffer.from(`u:${text}`).toString("base64")}`));
});

import { createServer } from "node:net";
import { loadConfig } from "@freshet/invalidator";
import { expect, test } from "@jest/globals";
import { deploymentOf } from "./deployment.js";

const noFile = () => {
  throw Object.assign(new Error("no file"), { code: "ENOENT" });
};

test("a command gives a Redis that accepts and then says nothing longer than the service would, and then an error", async () => {
  const silent = createServer((socket) => void socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const config = loadConfig({ env: { FRESHET_REDIS_URL: `redis://127.0.0.1:${address.port}` }, flags: {}, readText: noFile });
  const store = await deploymentOf(config).connectStore();
  try {
    const startedMs = performance.now();
    await expect(store.readBounds()).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    expect(performance.now() - startedMs).toBeGreaterThan(3_900);
  } finally {
    await store.close();
    silent.close();
  }
}, 60_000);

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

// Below the range that systems give to outgoing connections: while a test has stopped its server, a client that keeps
// trying could otherwise be given the very port, and connect to itself.
const [PORT_MIN, PORT_END] = [20_000, 32_000];
const ATTEMPTS_MAX = 200;

/** A loopback port that nothing listens on now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(PORT_MIN, PORT_END);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${ATTEMPTS_MAX} tried between ${PORT_MIN} and ${PORT_END}`);
}

const STARTS_MAX = 3;
const TAKEN = /address (?:is )?already in use|EADDRINUSE/i;

/** Starts a server on a port that is free now. Somebody else may be quicker: then it is started again on another one. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === STARTS_MAX || !TAKEN.test(String(error))) throw error;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

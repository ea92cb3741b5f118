import { once } from "node:events";
import { connect } from "node:net";
import { givenServers } from "../config.js";
import type { Provider } from "./provision.js";

const CONNECT_TIMEOUT_MS = 3000;

/** What `FRESHET_TEST_KAFKA` and `FRESHET_TEST_REDIS` name. */
export const envProvider: Provider = {
  name: "env",
  needs: "set FRESHET_TEST_KAFKA=host:port and FRESHET_TEST_REDIS=redis://host:port",
  provide: async () => {
    const { kafka, redis } = givenServers();
    if (kafka === undefined && redis === undefined) throw new Error("FRESHET_TEST_KAFKA and FRESHET_TEST_REDIS are not set");
    if (kafka === undefined) throw new Error("FRESHET_TEST_REDIS is set, but FRESHET_TEST_KAFKA is not");
    if (redis === undefined) throw new Error("FRESHET_TEST_KAFKA is set, but FRESHET_TEST_REDIS is not");
    const [firstBroker = ""] = kafka.split(",");
    await mustAnswer("FRESHET_TEST_KAFKA", `kafka://${firstBroker}`, 9092);
    await mustAnswer("FRESHET_TEST_REDIS", redis, 6379);
    return { told: "env (FRESHET_TEST_KAFKA, FRESHET_TEST_REDIS)", kafka, redis, close: async () => undefined };
  },
};

async function mustAnswer(name: string, address: string, defaultPort: number): Promise<void> {
  if (!URL.canParse(address)) throw new Error(`${name} is not an address`);
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? defaultPort : Number(port) });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch {
    throw new Error(`nothing answers at ${hostname}:${port === "" ? defaultPort : port} (${name})`);
  } finally {
    socket.destroy();
  }
}

import { patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { RedisConnection } from "./redis-connection.js";

const connection = new RedisConnection({ url: testRedisUrl(), timeouts: patientTimeouts });
afterAll(() => connection.close());

test("a call right after a connection was given up waits for the next one", async () => {
  const ping = () => connection.run((client) => client.ping());
  expect(await ping()).toBe("PONG");
  connection.renew();
  expect(connection.isReady).toBe(false);
  expect(await Promise.all([ping(), ping()])).toEqual(["PONG", "PONG"]);
});

import { expect, test } from "@jest/globals";
import { onFreePort } from "./free-port.js";

test("a server whose port somebody took first is started on another one", async () => {
  const ports: number[] = [];
  const started = await onFreePort(async (port) => {
    ports.push(port);
    if (ports.length < 3) throw new Error("Could not create server TCP listening socket: bind: Address already in use");
    return port;
  });
  expect([new Set(ports).size, started]).toEqual([3, ports[2]]);
});

test.each([
  ["listen EADDRINUSE: address already in use", 3],
  ["cannot read its configuration", 1],
])("what stays wrong is told: %s", async (problem, starts) => {
  let count = 0;
  const start = async (): Promise<never> => {
    count++;
    throw new Error(problem);
  };
  await expect(onFreePort(start)).rejects.toThrow(problem);
  expect(count).toBe(starts);
});

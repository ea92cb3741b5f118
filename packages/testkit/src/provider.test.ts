import { afterEach, expect, test } from "@jest/globals";
import { type Provider, type Provision, provideServers } from "./provider.js";

const quiet = (): void => undefined;
const forced = process.env.FRESHET_TEST_PROVIDER;

afterEach(() => {
  if (forced === undefined) delete process.env.FRESHET_TEST_PROVIDER;
  else process.env.FRESHET_TEST_PROVIDER = forced;
});

function provider(name: Provider["name"], failure: string | null, asked: string[] = []): Provider {
  const provision: Provision = { told: name, kafka: "k:1", redis: "redis://r:1", close: async () => undefined };
  const provide = async () => {
    asked.push(name);
    if (failure !== null) throw new Error(failure);
    return provision;
  };
  return { name, needs: `do something for ${name}`, provide };
}

test("the first way that works is taken, and no other is tried after it", async () => {
  delete process.env.FRESHET_TEST_PROVIDER;
  const asked: string[] = [];
  const ways = [provider("env", "not set", asked), provider("docker", null, asked), provider("native", null, asked)];
  expect((await provideServers(quiet, ways)).told).toBe("docker");
  expect(asked).toEqual(["env", "docker"]);
});

test("none works: one error names all three, why each failed and what it needs", async () => {
  delete process.env.FRESHET_TEST_PROVIDER;
  const ways = [provider("env", "not set"), provider("docker", "no daemon"), provider("native", "no Java")];
  const error = await provideServers(quiet, ways).catch((thrown: Error) => thrown);
  const { message = "" } = error instanceof Error ? error : {};
  for (const part of ["env: not set", "docker: no daemon", "native: no Java", "do something for env", "do something for native"]) {
    expect(message).toContain(part);
  }
  expect(error).toMatchObject({ disposition: "usage" });
});

test("a forced way is the only one tried", async () => {
  process.env.FRESHET_TEST_PROVIDER = "native";
  const asked: string[] = [];
  const ways = [provider("env", null, asked), provider("docker", null, asked), provider("native", "no Java", asked)];
  await expect(provideServers(quiet, ways)).rejects.toThrow("native: no Java");
  expect(asked).toEqual(["native"]);
});

test("a way that does not exist is refused, with those that do", async () => {
  process.env.FRESHET_TEST_PROVIDER = "podman";
  const error = provideServers(quiet);
  await expect(error).rejects.toMatchObject({ fix: expect.stringContaining("env, docker, native") });
});

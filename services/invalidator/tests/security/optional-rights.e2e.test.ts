import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { stopped } from "../scene.js";
import { type ListedRight, rightsOf } from "./access-lists.js";
import { openSecureBench, rules, type SecureBench, USER } from "./secure-bench.js";

const AGE = "freshet_dlq_oldest_age_seconds";

let bench: SecureBench;
let deployment: string;

beforeAll(async () => {
  bench = await openSecureBench();
  deployment = bench.scene.env.FRESHET_DEPLOYMENT ?? "";
  await bench.scene.topics.create({
    [`freshet.jobs.${deployment}`]: { partitions: 1 },
    [`freshet.canary.${deployment}`]: { partitions: 1 },
  });
}, 540_000);
afterAll(async () => {
  await bench?.close();
});

/** Gives the service's user the rights of another role too, those of `infra/kafka/acls.json`. */
async function allow(role: string): Promise<readonly ListedRight[]> {
  const rights = rightsOf(role, { source: bench.scene.topic, deployment }, USER);
  await bench.admin.createAcls({ acl: rights.map(({ acl }) => acl) });
  return rights;
}

/** What is off by default needs rights of its own: with exactly those of its role it works, and without one it says which. */
describe("looking through dead letters", () => {
  let rights: readonly ListedRight[];
  const env = () => ({ ...bench.env, FRESHET_DLQ_LOOK_SECONDS: "1" });

  beforeAll(async () => {
    rights = await allow("freshet-invalidator-dlq-look");
    await bench.scene.topics.send(bench.scene.topic, [{ partition: 0, key: null, value: Buffer.from("no event"), headers: [] }]);
  });

  test("finds the oldest, and leaves no group behind", async () => {
    const service = await bench.scene.start({ env: env() });
    const isFound = async (): Promise<boolean> => (await service.metric(AGE, { reason: "undecodable" })) > 0;
    await until(isFound, { what: "the dead letter is found", timeoutMs: 60_000 });
    expect(await service.metric(AGE, { reason: "rule_error" })).toBe(0);
    const looking = async (): Promise<number> => {
      const { groups } = await bench.admin.listGroups();
      return groups.filter(({ groupId }) => groupId.includes("-look-")).length;
    };
    await until(async () => (await looking()) === 0, { what: "its groups are gone" });
    expect(service.output()).not.toContain("could not be looked through");
    await stopped(service, "SIGTERM");
  }, 360_000);

  test("says which right is missing, and the service goes on", async () => {
    const filters = rights.filter(({ text }) => text.startsWith("Read on topic freshet.dlq.")).map(({ acl }) => acl);
    expect(filters).toHaveLength(1);
    await bench.admin.deleteAcls({ filters });
    const service = await bench.scene.start({ env: env() });
    await until(() => service.output().includes("dead letters could not be looked through"), { what: "it is told", timeoutMs: 60_000 });
    expect(service.output()).toContain("FR3006");
    await until(async () => (await service.readyz())?.status === 200, { what: "it is ready", timeoutMs: 90_000 });
    expect(await service.metrics()).not.toContain(`${AGE}{`);
    await stopped(service, "SIGTERM");
  }, 360_000);
});

describe("canaries in the partitions of a source", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "freshet-canary-"));
    const asking = rules(bench.scene.topic, bench.scene.keyPrefix).replace("format: cloudevents", "format: cloudevents, canary: true");
    await writeFile(join(folder, "rules.yaml"), asking);
    await allow("freshet-invalidator-canary");
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const start = () => {
    const env = { ...bench.env, FRESHET_RULES: join(folder, "rules.yaml"), FRESHET_CANARY_SECONDS: "1" };
    return bench.scene.start({ env });
  };

  test("are refused without the right to write there, which is named", async () => {
    const service = await start();
    await service.exited;
    expect(service.output()).toMatch(new RegExp(`FR3006.*Write on topic ${bench.scene.topic}\\b`));
  }, 180_000);

  test("come through with it", async () => {
    await allow("freshet-invalidator-source-canary");
    const service = await start();
    const took = () => service.metric("freshet_canary_partition_duration_seconds", { topic: bench.scene.topic });
    await until(async () => (await took()) > 0, { what: "one has come through", timeoutMs: 60_000 });
    await stopped(service, "SIGTERM");
  }, 270_000);
});

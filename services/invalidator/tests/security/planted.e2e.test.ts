import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startFreshet } from "../freshet-process.js";
import type { SentRecord } from "../oracle.js";
import { openScene, type Scene, stopped } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import { rules } from "./secure-bench.js";

const EMAIL = "ada.lovelace@planted.example";
const TOKEN = "ghp-planted-7f3e9c0b1d";
const BIN = join(import.meta.dirname, "..", "..", "..", "..", "packages", "cli", "dist", "bin.js");
const CRASHING = join(import.meta.dirname, "uncaught", "main.ts");

let redis: OwnRedis;
let scene: Scene;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-reports-"));
  redis = await startRedis({ args: ["--requirepass", TOKEN] });
  const redisUrl = redis.url.replace("redis://", `redis://:${TOKEN}@`);
  const name = freshPrefix("planted").replaceAll(":", "-");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl, partitions: 1, rules });
}, 180_000);
afterAll(async () => {
  await scene?.close();
  await redis?.close();
  await rm(folder, { recursive: true, force: true });
});

const planted = { mail: EMAIL, token: TOKEN };
const event = {
  specversion: "1.0",
  id: EMAIL,
  source: `/${TOKEN}`,
  type: `t.${TOKEN}`,
  subject: EMAIL,
  freshetversion: "5",
  data: planted,
};
const headers: SentRecord["headers"] = [
  [`x-${TOKEN}`, Buffer.from(EMAIL)],
  ["authorization", Buffer.from(`Bearer ${TOKEN}`)],
];

function record(value: object | string): SentRecord {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { partition: 0, key: Buffer.from(EMAIL), value: Buffer.from(text), headers };
}

/** One that is applied, and some that can never be: each has what is planted in another place. */
const records = [
  record(event),
  record({ ...event, freshetversion: TOKEN }),
  record({ ...event, subject: { mail: EMAIL } }),
  record({ ...event, specversion: TOKEN }),
  record({ ...event, [TOKEN]: planted, time: EMAIL }),
  record(`{"mail": "${EMAIL}", ${TOKEN}`),
  record(EMAIL),
];

/** All that somebody outside can see of the process. */
async function seen(service: ServiceProcess): Promise<string> {
  const pages = await Promise.all(
    ["livez", "readyz", "startupz", "metrics", EMAIL].map(
      async (page) => await (await fetch(`http://${service.address}/${page}?t=${TOKEN}`)).text(),
    ),
  );
  return [service.output(), ...pages].join("\n");
}

function expectNothing(text: string): void {
  for (const secret of [EMAIL, TOKEN, "lovelace", "planted-7f3e"]) {
    expect(text.split("\n").filter((line) => line.includes(secret))).toEqual([]);
  }
}

describe("an e-mail and a token in events, headers, keys and configuration", () => {
  async function fed(options: Parameters<Scene["start"]>[0], count: number): Promise<ServiceProcess> {
    const service = await scene.start({ ...options, env: { FRESHET_LOG_LEVEL: "trace", ...options?.env } });
    const before = await scene.topics.committed(scene.group, scene.topic);
    await scene.topics.send(scene.topic, records.slice(0, count));
    const isDone = async (): Promise<boolean> => (await scene.topics.committed(scene.group, scene.topic)) === before + count;
    await until(isDone, { timeoutMs: 60_000, what: "all records are committed" });
    return service;
  }

  test("are in no line of the log and on no page; only dead letters hold the records, as they came", async () => {
    await scene.redis.set(`${scene.keyPrefix}page:${EMAIL}`, '{"version":4}', "EX", 300);
    const service = await fed({}, records.length);
    expect(await service.metric("freshet_keys_unlinked_total")).toBe(1);
    expect(await service.metric("freshet_events_total", { outcome: "dead" })).toBeGreaterThanOrEqual(4);
    const text = await seen(service);
    expect(text).toContain('"msg":"slice"');
    expectNothing(text);
    await redis.stop();
    await until(() => service.output().includes("trouble with Redis"), { timeoutMs: 60_000, what: "trouble is told" });
    expectNothing(await seen(service));
    await redis.restart();
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    expectNothing(service.output());
  }, 270_000);

  test("are not in what an error leaves that nobody caught", async () => {
    const service = await fed({ file: CRASHING, args: [EMAIL] }, 1);
    service.kill("SIGUSR2");
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output()).toContain("FR9001");
    expect(service.output()).toMatch(/"frames":\["at process/);
    expectNothing(service.output());
  }, 180_000);

  test("are not in a diagnostic report, which holds all variables otherwise", async () => {
    const service = await fed({ env: { NODE_OPTIONS: `--report-on-signal --report-directory=${folder}` } }, 1);
    service.kill("SIGUSR2");
    await until(async () => (await readdir(folder)).length === 1, { timeoutMs: 60_000, what: "the report is written" });
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    const [name = ""] = await readdir(folder);
    const report = await readFile(join(folder, name), "utf8");
    expect(report).toContain("javascriptStack");
    expectNothing(report);
  }, 180_000);

  test.each([
    ["doctor"],
    ["doctor", "--json"],
    ["lag", "--json"],
    ["dlq", "list", "--since", "1h", "--json"],
    ["dlq", "stats", "--since", "1h"],
    ["config", "show"],
  ])(
    "are in nothing that a command says of them: %s %s",
    async (...argv) => {
      const { code, stdout, stderr } = await startFreshet(argv, scene.env).ended;
      expect(code === 0 || code === 3).toBe(true);
      expect(stdout.length).toBeGreaterThan(50);
      expectNothing(stdout);
      expectNothing(stderr);
    },
    180_000,
  );

  test("are not in a support bundle of them", async () => {
    const file = join(folder, "bundle.json");
    const { code, stdout, stderr } = await startFreshet(["support-bundle", "--out", file], scene.env).ended;
    const bundle = await readFile(file, "utf8");
    await rm(file);
    expect({ code, hasLetters: /"letters": [1-9]/.test(bundle) }).toEqual({ code: 0, hasLetters: true });
    for (const text of [bundle, stdout, stderr]) expectNothing(text);
  }, 180_000);

  test("are not in what a command leaves after an error that nobody caught, and in no report of it", async () => {
    const [reports, crashing] = await Promise.all(["reports-", "crash-"].map((name) => mkdtemp(join(folder, name))));
    // Once the command's own code listens: what is thrown while it is still loaded is Node's to tell.
    const thrown = `Object.assign(new Error("no ${TOKEN}"), { args: ["${EMAIL}"] })`;
    const look = `() => { if (process.listenerCount("uncaughtException") > 0) { clearInterval(looking); throw ${thrown}; } }`;
    const crash = `const looking = setInterval(${look}, 100);\n`;
    await writeFile(join(crashing ?? "", "crash.mjs"), crash);
    const report = `--report-uncaught-exception --report-on-signal --report-signal=SIGUSR2 --report-directory=${reports}`;
    const options = { NODE_OPTIONS: `${report} --import ${join(crashing ?? "", "crash.mjs")}` };
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const running = startFreshet(["lag"], { ...scene.env, ...options, FRESHET_KAFKA_BROKERS: `127.0.0.1:${port}` });
    const { code, stdout, stderr } = await running.ended;
    mute.close();
    expect(code).toBe(1);
    expect(stderr).toContain("FR9001 uncaught Error");
    expectNothing(stdout + stderr);
    for (const name of await readdir(reports ?? "")) expectNothing(await readFile(join(reports ?? "", name), "utf8"));
  }, 180_000);

  test("are not in a diagnostic report of freshet run, which is what the image runs", async () => {
    const reports = await mkdtemp(join(folder, "run-"));
    const service = await scene.start({
      file: BIN,
      args: ["run"],
      env: { NODE_OPTIONS: `--report-on-signal --report-directory=${reports}` },
    });
    await until(async () => (await service.readyz())?.status === 200, { timeoutMs: 90_000, what: "the service is ready" });
    service.kill("SIGUSR2");
    await until(async () => (await readdir(reports)).length === 1, { timeoutMs: 60_000, what: "the report is written" });
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    const [name = ""] = await readdir(reports);
    expectNothing(await readFile(join(reports, name), "utf8"));
  }, 180_000);

  test("are not in what refuses a configuration", async () => {
    const service = await scene.start({ env: { FRESHET_REDIS_URL: `http://${TOKEN}@localhost`, FRESHET_KAFKA_BROKERS: EMAIL } });
    expect((await service.exited).code).toBe(2);
    expect(service.output()).toContain("FRESHET_REDIS_URL must be");
    expectNothing(service.output());
  }, 90_000);
});

import { deadLetter } from "@freshet/pipeline";
import { FreshetError, type KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { type Clinic, openClinic } from "../../tests/clinic.js";
import { NOW_MS, transcript, type World } from "../../tests/transcript.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const DEAD_LETTERS = "freshet.dlq.default";

/** What must be in no bundle, by where it is planted. */
const planted = {
  redisPassword: "r3dis/p@ss w0rd",
  saslPassword: "sasl-hunter2-sasl",
  registryPassword: "registry-hunter2",
  foreignToken: "tok-0123456789abcdef",
  payloadMail: "ada.payload@example.com",
  keyMail: "key.owner@example.org",
  headerMail: "header.mail@example.net",
  messageMail: "boom.mail@example.io",
  pageMail: "page.mail@shop.example",
  jwt: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl",
  bearer: "bearerbearer123",
  urlPassword: "url-pa55",
  tenant: "tenant-of-a-customer",
  quotedPassword: `quo"ted\\pass`,
  numericPassword: "90210417",
  filePassword: "from-a-file-hunter2",
  nestedSecret: "nested hunter2",
  unnamed: "sk_live_0123456789abcdef",
  frameSecret: "frame-pa55/w0rd@x",
} as const;

async function plant(): Promise<Clinic & { readonly ill: World }> {
  const clinic = await openClinic();
  const place = { topic: "shop.products", partition: 0, offset: 7, timestampMs: NOW_MS };
  const headers = [{ name: "x-user", value: bytes(planted.headerMail) }];
  const value = bytes(JSON.stringify({ email: planted.payloadMail, token: planted.foreignToken }));
  const record: KafkaRecord = { ...place, key: bytes(planted.keyMail), value, headers };
  const rejection = { reason: "rule_error", rule: "price", message: "no field", fix: "Ask with has()" } as const;
  const at = new Date(NOW_MS).toISOString();
  const letter = deadLetter(record, rejection, { topic: DEAD_LETTERS, group: "g", rulesHash: "0".repeat(64), at });
  const spring = [
    { name: "kafka_dlt-exception-fqcn", value: bytes("java.lang.Boom") },
    { name: "kafka_dlt-exception-message", value: bytes(`cannot read ${planted.messageMail}`) },
    { name: "x-tenant", value: bytes(planted.tenant) },
  ];
  await clinic.world.kafka.produce([letter, { topic: DEAD_LETTERS, key: null, value, headers: spring }]);
  await clinic.world.kafka.produce([{ topic: "shop.products", key: bytes(planted.keyMail), value, headers }]);
  const password = encodeURIComponent(planted.redisPassword);
  const env = {
    FRESHET_REDIS_URL: `redis://svc:${password}@127.0.0.1:6379`,
    FRESHET_KAFKA_BROKERS: "localhost:9092",
    FRESHET_KAFKA_SASL_MECHANISM: "plain",
    FRESHET_KAFKA_SASL_USERNAME: "svc",
    FRESHET_KAFKA_SASL_PASSWORD: planted.saslPassword,
    FRESHET_SCHEMA_REGISTRY_URL: "http://127.0.0.1:8081",
    FRESHET_SCHEMA_REGISTRY_USERNAME: "svc",
    FRESHET_SCHEMA_REGISTRY_PASSWORD: planted.registryPassword,
    FRESHET_REDIS_SENTINEL_NAME: "main",
    FRESHET_REDIS_MODE: "sentinel",
    FRESHET_REDIS_SENTINEL_PASSWORD: planted.numericPassword,
    FRESHET_KAFKA_SSL: "true",
    FRESHET_KAFKA_CERT: "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----",
    FRESHET_KAFKA_KEY_FILE: "key.pem",
    GITHUB_TOKEN: planted.foreignToken,
    BILLING_DB_PWD: planted.quotedPassword,
    WHATEVER: planted.unnamed,
  };
  const pages = {
    "http://127.0.0.1:9464/metrics": `freshet_up 1\nx{mail="${planted.pageMail}"} 1\nx{sasl="${planted.saslPassword}"} 1\n`,
    "http://127.0.0.1:9464/readyz": `{"why":"redis://a:${planted.urlPassword}@h, ${planted.jwt}, Bearer ${planted.bearer}"}`,
    "http://127.0.0.1:9464/startupz": JSON.stringify({
      stack: `Error: no\n    at connect (redis://a:${planted.frameSecret}@h:6379/0)\n    client_secret=${planted.filePassword}`,
      inner: JSON.stringify({ sasl: { password: planted.nestedSecret }, why: planted.quotedPassword }),
      ...{ why: planted.quotedPassword, pin: planted.numericPassword, of: planted.unnamed },
    }),
  };
  const pem = `-----BEGIN PRIVATE KEY-----\n${planted.filePassword}\n-----END PRIVATE KEY-----\n`;
  // The clients' own errors may say more than ours do.
  const probe = async () => {
    throw new FreshetError("FR2004", "halt", `refused ${planted.redisPassword} and ${planted.registryPassword}`, `Use ${password}.`);
  };
  const world = clinic.withStore({ probe });
  return { ...clinic, ill: { ...world, env, pages, files: { ...world.files, "key.pem": pem } } };
}

async function bundleOf(world: World): Promise<{ text: string; code: number; out: readonly string[]; talk: readonly string[] }> {
  let text = "";
  const onWrite = (_path: string, written: string): void => {
    text = written;
  };
  const { code, out, talk } = await transcript(["support-bundle", "--out", "b.json"], { ...world, onWrite });
  return { text, code, out, talk };
}

describe("freshet support-bundle", () => {
  test("holds none of the secrets and addresses that were planted, in no spelling", async () => {
    const { ill } = await plant();
    const { text, code, out, talk } = await bundleOf(ill);
    expect(code).toBe(0);
    const everything = [text, ...out, ...talk].join("\n");
    for (const [name, secret] of Object.entries(planted)) {
      for (const spelling of [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64"),
        JSON.stringify(secret).slice(1, -1),
      ]) {
        expect({ name, found: everything.includes(spelling) }).toEqual({ name, found: false });
      }
    }
    expect(text).toContain("[redacted]");
  });

  test("holds nothing that findings quote of a rules file, be it the wrong file", async () => {
    const { world } = await openClinic();
    const secrets = ["hunter2-field", "hunter2-value", "hunter2-token"];
    const files = [
      `freshet: 1\nsources:\n  - { name: a, topic: t, format: ${secrets[1]} }\n${secrets[0]}: 1\n`,
      `freshet: 1\nsources: ] ${secrets[2]}\n`,
      `${secrets[0]}: ${secrets[1]}\n`,
      `PASSWORD=${secrets[0]}\nTOKEN=${secrets[1]}\n`,
      `- ${secrets[0]}\n- "${secrets[1]}`,
      `{${secrets.join(": {")}`,
      `when: !${secrets[0]} *${secrets[1]}`,
    ];
    for (const rules of files) {
      const { text, talk, out } = await bundleOf({ ...world, files: { ...world.files, "rules.yaml": rules } });
      expect(JSON.parse(text)).toMatchObject({ rules: { hash: null, findings: expect.arrayContaining([expect.anything()]) } });
      for (const secret of secrets) expect([rules, [text, ...talk, ...out].join().includes(secret)]).toEqual([rules, false]);
    }
  });

  test("holds what support asks for", async () => {
    const { ill } = await plant();
    const bundle: unknown = JSON.parse((await bundleOf(ill)).text);
    expect(bundle).toMatchObject({
      v: 1,
      deployment: "default",
      versions: { freshet: "0.0.0-test", node: "v24", kafka: "a log in memory", redis: "memory " },
      rules: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), findings: [] },
      doctor: { verdict: "findings", findings: expect.arrayContaining([expect.objectContaining({ name: "sample-rejected" })]) },
      lag: { partitions: expect.any(Array) },
      deadLetters: { wanted: 2, reasons: expect.arrayContaining([expect.objectContaining({ reason: "rule_error", letters: 1 })]) },
      service: { "/metrics": { status: 200, body: expect.stringContaining("freshet_up 1") }, "/livez": { missing: expect.any(String) } },
    });
    expect(bundle).toMatchObject({
      config: expect.arrayContaining([expect.objectContaining({ variable: "FRESHET_KAFKA_SASL_PASSWORD", value: "[redacted]" })]),
    });
  });

  test("is written with Kafka, Redis and the service away, and says what is missing", async () => {
    const clinic = await openClinic();
    const away = (code: "FR2001" | "FR3001") => async () => {
      throw new FreshetError(code, "wait", "it is away", "Start it.");
    };
    const store = { ...clinic.world.store, probe: away("FR2001") };
    const { text, code, out, talk } = await bundleOf({ ...clinic.withKafka({ inspect: away("FR3001") }), store });
    expect(code).toBe(0);
    expect(out.join("\n")).toMatch(/^b\.json: [\d,]+ characters; doctor says unreachable$/);
    expect(talk).toContain("without lag: Kafka could not be asked");
    expect(talk).toContain("without /metrics: nothing answers at http://127.0.0.1:9464/metrics");
    expect(JSON.parse(text)).toMatchObject({ deadLetters: { missing: "brokers could not be asked" }, doctor: { verdict: "unreachable" } });
  });

  test("does not replace a file, and wants one", async () => {
    const { world } = await openClinic();
    const onWrite = (): void => {
      throw Object.assign(new Error("exists"), { code: "EEXIST" });
    };
    const { code, talk } = await transcript(["support-bundle", "--out", "b.json"], { ...world, onWrite });
    expect({ code, cause: talk[0] }).toEqual({ code: 2, cause: "FR1001 b.json is there already" });
    expect((await transcript(["support-bundle"], world)).code).toBe(2);
  });
});

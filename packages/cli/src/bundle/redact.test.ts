import { describe, expect, test } from "@jest/globals";
import { redact, secretsOf } from "./redact.js";

const SHOWN = "[redacted]";

describe("what looks like a secret", () => {
  test.each([
    ["client_secret=hunter2 left", `client_secret=${SHOWN} left`],
    ['{"password":"a\\"b, c","user":"u"}', `{"password":${SHOWN},"user":"u"}`],
    ['{\\"sasl.password\\":\\"a,b c\\",\\"x\\":1}', `{\\"sasl.password\\":${SHOWN},\\"x\\":1}`],
    ["accessToken: abc", `accessToken: ${SHOWN}`],
    ['passphrase="not closed', `passphrase=${SHOWN} closed`],
    ["redis://u:p@ss/w@host:1/0 left", `redis://${SHOWN}@host:1/0 left`],
    ["Authorization: Basic dXNlcjpwYXNz", `Authorization: Basic ${SHOWN}`],
    ["ghp_0123456789abcdefghij", SHOWN],
    ["AKIA0123456789ABCDEF", SHOWN],
    ["-----BEGIN PRIVATE KEY-----\nabc", SHOWN],
    ["told ada.l@example.com twice", `told ${SHOWN} twice`],
  ])("%s is taken out", (text, shown) => {
    expect(redact(text, [])).toBe(shown);
    expect(redact({ a: [text], [text]: 1 }, [])).toEqual({ a: [shown], [shown]: 1 });
  });

  test.each([
    "Correct FRESHET_KAFKA_SASL_USERNAME, FRESHET_KAFKA_SASL_PASSWORD and the FRESHET_KAFKA_SASL_MECHANISM",
    'freshet_events_total{topic="shop.products",outcome="applied"} 12',
    "redis://127.0.0.1:6379/0, http://127.0.0.1:9464/metrics",
    "design: blue, config: none",
  ])("%s stays", (text) => {
    expect(redact(text, secretsOf({ FRESHET_REDIS_URL: "redis://127.0.0.1:6379/0" }, ["redis://127.0.0.1:6379/0"]))).toBe(text);
  });

  test("is found in half a million characters without a blank in a moment", () => {
    const startedMs = performance.now();
    for (const unit of ["a.", "eyJ-", "a://", "pass=", "x@", "-----BEGIN a-----"]) {
      expect(redact(unit.repeat(500_000 / unit.length), [])).toEqual(expect.any(String));
    }
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });
});

describe("secrets that are known", () => {
  const known = `pa"ss/w\\rd\n`;

  test("are taken out as they are, trimmed, in URLs, in JSON, in JSON within JSON, and in Base64", () => {
    const secrets = secretsOf({}, [known]);
    const once = JSON.stringify({ known });
    const spellings = [known, known.trim(), encodeURIComponent(known), once, JSON.stringify({ once })];
    for (const text of [...spellings, Buffer.from(known).toString("base64"), Buffer.from(known).toString("base64url")]) {
      expect(redact(text, secrets)).toContain(SHOWN);
      expect(redact(text, secrets)).not.toMatch(/ss.{1,6}rd|cGEic3/);
    }
  });

  test("are those of the configuration, numbers too, and of variables whose names say so", () => {
    const env = { BILLING_DB_PWD: "billing-pwd", MY_API_KEY: "my-key", X_COOKIE: "crumbs", AUTH_MS: "30000", GIT_AUTHOR_NAME: "freshet" };
    const secrets = secretsOf(env, ["90210417", "abc"]);
    expect(secrets).toEqual(expect.arrayContaining(["billing-pwd", "my-key", "crumbs", "90210417"]));
    for (const harmless of ["30000", "freshet", "abc"]) expect(secrets).not.toContain(harmless);
  });

  test("are passwords of URLs, in both spellings", () => {
    expect(secretsOf({}, ["redis://u:p%40ss@h:6379"])).toEqual(expect.arrayContaining(["p%40ss", "p@ss"]));
  });
});

import { generateKeyPairSync } from "node:crypto";
import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { loadConfig } from "./config.js";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const pair = (format: "pkcs1" | "pkcs8") =>
  generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "pem", type: format }).toString();
const [KEY, RSA_KEY] = [pair("pkcs8"), pair("pkcs1")];
const EC_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "sec1" }).toString();
const ENCRYPTED_KEY = KEY.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
const PUBLIC_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "pem", type: "spki" }).toString();
const files: Readonly<Record<string, string>> = {
  "/ca.pem": CERTIFICATE,
  "/key.pem": KEY,
  "/public.pem": PUBLIC_KEY,
  "/both.pem": KEY + CERTIFICATE,
};
const peers = ["KAFKA", "REDIS", "SCHEMA_REGISTRY"] as const;

function load(peer: (typeof peers)[number], env: Readonly<Record<string, string>>) {
  const urls = { FRESHET_KAFKA_SSL: "true", FRESHET_REDIS_URL: "rediss://localhost", FRESHET_SCHEMA_REGISTRY_URL: "https://localhost" };
  const named = Object.entries(env).map(([name, value]) => [`FRESHET_${peer}_${name}`, value]);
  const readText = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
  return loadConfig({ env: { ...urls, ...Object.fromEntries(named) }, flags: {}, readText });
}

function problemOf(peer: (typeof peers)[number], env: Readonly<Record<string, string>>): string {
  try {
    load(peer, env);
  } catch (error) {
    if (error instanceof FreshetError && error.code === "FR1002") return `${error.message}. ${error.fix}`;
    throw error;
  }
  return "nothing";
}

describe.each(peers)("the certificates of %s", (peer) => {
  const where = (name: string) => `FRESHET_${peer}_${name}`;

  test.each(["/key.pem", "/public.pem", KEY])("an authority must be certificates", (value) => {
    const told = problemOf(peer, { CA: value });
    expect(told).toContain(`${where("CA")} holds PEM text without certificates in it`);
    expect(told).toContain(`comes from the variable ${where("CA")}`);
    expect(told).not.toContain(KEY.slice(40, 80));
  });

  test("an authority in a file that a variable names is looked at as well", () => {
    expect(problemOf(peer, { CA_FILE: "/key.pem" })).toContain(`${where("CA")} holds PEM text without certificates in it`);
  });

  test("a client certificate and its key must not be exchanged", () => {
    const told = problemOf(peer, { CERT: "/key.pem", KEY: "/ca.pem" });
    expect(told).toContain(`${where("CERT")} holds PEM text without certificates in it`);
    expect(told).toContain(`${where("KEY")} holds PEM text without a private key in it`);
  });

  test.each([KEY, RSA_KEY, EC_KEY, ENCRYPTED_KEY, "/both.pem"])("a key of any kind, and a file with both, are taken", (key) => {
    expect(problemOf(peer, { CA: "/both.pem", CERT: "/both.pem", KEY: key })).toBe("nothing");
  });
});

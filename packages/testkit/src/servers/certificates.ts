import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLines, runProgram } from "./run-program.js";

/** An authority of one test, with a certificate for servers on loopback and one for a client. All are paths of PEM files. */
export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** Key and certificate of the server in one file, as Kafka wants them. */
  readonly serverPair: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** Removes the files. */
  close(): Promise<void>;
}

const MAKE_TIMEOUT_MS = 30_000;
const DAYS = ["-days", "2"] as const;
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

/**
 * Makes them by `openssl`, valid for two days.
 *
 * @throws Error with what openssl said.
 */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-certificates-"));
  const at = (name: string): string => join(folder, name);
  try {
    const authority = ["-subj", "/CN=Freshet test authority", "-keyout", at("ca.key"), "-out", at("ca.pem")];
    await openssl(["req", "-x509", ...KEY, ...DAYS, ...authority]);
    await sign(at, "server", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    await sign(at, "client", "extendedKeyUsage=clientAuth\n");
    const pair = await Promise.all([readFile(at("server.key"), "utf8"), readFile(at("server.pem"), "utf8")]);
    await writeFile(at("server-pair.pem"), pair.join(""));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    folder,
    ca: at("ca.pem"),
    serverCert: at("server.pem"),
    serverKey: at("server.key"),
    serverPair: at("server-pair.pem"),
    clientCert: at("client.pem"),
    clientKey: at("client.key"),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function sign(at: (name: string) => string, name: string, extensions: string): Promise<void> {
  await writeFile(at(`${name}.ext`), extensions);
  await openssl(["req", "-new", ...KEY, "-subj", `/CN=freshet-${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`)]);
  const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-extfile", at(`${name}.ext`)];
  await openssl(["x509", "-req", "-in", at(`${name}.csr`), ...by, ...DAYS, "-out", at(`${name}.pem`)]);
}

async function openssl(args: readonly string[]): Promise<void> {
  const { code, output } = await runProgram(["openssl", ...args], { timeoutMs: MAKE_TIMEOUT_MS });
  if (code !== 0) throw new Error(`openssl ${args[0] ?? ""} failed:\n${lastLines(output, 5)}`);
}

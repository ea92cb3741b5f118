import { z } from "zod";
import { Secret } from "./secret.js";

/** What a PEM file is for, in words. */
export type PemContent = "certificates" | "a private key";

/** What people are told about a setting. */
export interface SettingText {
  readonly env: string;
  /** What it is for, in a sentence. */
  readonly text: string;
  /** Completes "must be …". */
  readonly accepts: string;
  /** How the default reads where it is not a plain value. */
  readonly defaultText?: string;
  /** Its value is shown nowhere, and `<env>_FILE` may name a file that holds it. */
  readonly secret?: true;
  /** What PEM text must hold; a value that is not PEM text is the path of a file that holds it. */
  readonly pem?: PemContent;
  /** A path: relative ones count from the working directory, or from the configuration file that names them. */
  readonly path?: true;
}

export const settingTexts = z.registry<SettingText>();

export const text = z.string().min(1);

export const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));

/**
 * The settings of TLS that every connection has.
 *
 * @param prefix of their variables, e.g. `FRESHET_KAFKA`.
 * @param peer whom the connection leads to, in words.
 */
export function tlsSettings(prefix: string, peer: string) {
  return {
    ca: pem(`${prefix}_CA`, `The certificate authority of ${peer}, where it is not a public one.`, "certificates"),
    cert: pem(`${prefix}_CERT`, "The client certificate.", "certificates"),
    key: pem(`${prefix}_KEY`, "The key of the client certificate.", "a private key"),
  };
}

function pem(env: string, about: string, what: PemContent) {
  const accepts = `the path of a PEM file with ${what}, or its text`;
  return secret.nullable().default(null).register(settingTexts, { env, text: about, accepts, secret: true, pem: what });
}

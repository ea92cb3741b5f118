import { z } from "zod";
import { pemAccepts, secret, settingTexts, text } from "./config-kinds.js";

const url = z.string().refine((value) => {
  if (!/^https?:\/\/[^\s]+$/.test(value) || !URL.canParse(value)) return false;
  const { hostname, username, password, search, hash } = new URL(value);
  return hostname !== "" && `${username}${password}${search}${hash}` === "";
});

/** The settings of a schema registry; needed where a source says `encoding: registry`. */
export const registrySchema = z.object({
  url: url.nullable().default(null).register(settingTexts, {
    env: "FRESHET_SCHEMA_REGISTRY_URL",
    text: "The schema registry that sources with `encoding: registry` name their schemas in.",
    accepts: "http:// or https:// with a host and perhaps a path, without credentials",
  }),
  username: text.nullable().default(null).register(settingTexts, {
    env: "FRESHET_SCHEMA_REGISTRY_USERNAME",
    text: "The user at the schema registry, or the name of an API key.",
    accepts: "a text",
    secret: true,
  }),
  password: secret.nullable().default(null).register(settingTexts, {
    env: "FRESHET_SCHEMA_REGISTRY_PASSWORD",
    text: "The user's password, or the API key's secret.",
    accepts: "a text",
    secret: true,
  }),
  ca: secret
    .nullable()
    .default(null)
    .register(settingTexts, {
      env: "FRESHET_SCHEMA_REGISTRY_CA",
      text: "The certificate authority of the schema registry, where it is not a public one.",
      accepts: pemAccepts("certificates"),
      secret: true,
      pem: true,
    }),
  cert: secret
    .nullable()
    .default(null)
    .register(settingTexts, {
      env: "FRESHET_SCHEMA_REGISTRY_CERT",
      text: "The client certificate.",
      accepts: pemAccepts("certificates"),
      secret: true,
      pem: true,
    }),
  key: secret
    .nullable()
    .default(null)
    .register(settingTexts, {
      env: "FRESHET_SCHEMA_REGISTRY_KEY",
      text: "The key of the client certificate.",
      accepts: pemAccepts("a private key"),
      secret: true,
      pem: true,
    }),
});

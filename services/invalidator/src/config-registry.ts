import { z } from "zod";
import { secret, settingTexts, text, tlsSettings } from "./config-kinds.js";

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
  ...tlsSettings("FRESHET_SCHEMA_REGISTRY", "the schema registry"),
});

import { z } from "zod";
import { type SettingText, settingTexts } from "./config-kinds.js";
import { configSchema } from "./config-schema.js";

/** One setting: where it is found and what it may be. */
export interface Setting extends SettingText {
  /** Its place in the configuration file, e.g. `kafka.brokers`. */
  readonly name: string;
  /** Its flag without the dashes, e.g. `kafka-brokers`; `null` for secrets, which every user of the machine could read there. */
  readonly flag: string | null;
  readonly schema: z.ZodType;
}

/** All settings, in the order of the documentation. */
export const settings: readonly Setting[] = walk(configSchema, "");

function walk(schema: z.ZodObject, prefix: string): Setting[] {
  return Object.entries(schema.shape).flatMap(([key, member]) => {
    const name = `${prefix}${key}`;
    if (member instanceof z.ZodObject) return walk(member, `${name}.`);
    if (!(member instanceof z.ZodType)) throw new TypeError(`${name} is not a zod type`);
    const about = settingTexts.get(member);
    if (about === undefined) throw new TypeError(`${name} is not documented`);
    const flag = about.secret === true ? null : name.replace(/[.A-Z]/g, (at) => (at === "." ? "-" : `-${at.toLowerCase()}`));
    return [{ ...about, name, flag, schema: member }];
  });
}

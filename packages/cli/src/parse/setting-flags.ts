import { settings } from "@freshet/invalidator";
import { type Command, Option } from "commander";
import type { Flags } from "../deps.js";

const CONFIG_FLAG = "config";

/**
 * Every setting as a flag, secrets aside. Shown where it helps; elsewhere the help says only that there are such flags. A
 * name that the command has for something of its `own` stays that: the setting is its variable or the file's there.
 */
export function addSettingFlags(command: Command, shown: "shown" | "hidden", own: readonly string[] = []): Command {
  const options = flagsBut(own).map(({ flag, text }) => settingOption(flag, text));
  const config = new Option(`--${CONFIG_FLAG} <file>`, "the configuration file; default: freshet.config.yaml");
  for (const option of [config, ...options]) command.addOption(option.hideHelp(shown === "hidden"));
  if (shown === "hidden") command.addHelpText("after", "\nEvery setting is a flag as well, e.g. --kafka-brokers: see freshet run --help.");
  return command;
}

function flagsBut(own: readonly string[]): readonly { readonly flag: string; readonly text: string }[] {
  return settings.flatMap(({ flag, text }) => (flag === null || own.includes(flag) ? [] : [{ flag, text }]));
}

/** `--allow-plaintext` alone means yes. */
function settingOption(flag: string, text: string): Option {
  return new Option(`--${flag} [value]`, text);
}

/** What was given of the flags above. */
export function flagsOf(command: Command, own: readonly string[] = []): Flags {
  const given = command.opts<Record<string, string | boolean | undefined>>();
  const names = [CONFIG_FLAG, ...flagsBut(own).map(({ flag }) => flag)];
  return Object.fromEntries(names.map((name) => [name, given[new Option(`--${name} [value]`).attributeName()]]));
}

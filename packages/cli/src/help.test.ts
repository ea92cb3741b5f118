import { readFile, writeFile } from "node:fs/promises";
import { settings } from "@freshet/invalidator";
import { expect, test } from "@jest/globals";
import { writesPages } from "../tests/config.js";
import { transcript } from "../tests/transcript.js";

const PAGE = new URL("../../../docs/reference/commands.md", import.meta.url);
const INTRODUCTION = `# Commands

The help of every command, as it is printed. stdout is data, stderr is talk. Exit codes: 0 done · 1 failed · 2 usage or configuration · 3 finished with
findings or rejected records · 4 refused for safety · 5 Kafka or Redis unreachable · 130 interrupted. Settings, which are flags as well, are left out here:
[configuration.md](configuration.md) has them.
`;

/** The help of a command and of all below it, as sections of the page. */
async function sectionsOf(command: readonly string[]): Promise<readonly string[]> {
  const { code, out, talk } = await transcript([...command, "--help"]);
  expect({ command, code, talk }).toEqual({ command, code: 0, talk: [] });
  const own = `## freshet ${command.join(" ")}`.trimEnd();
  const below: string[] = [];
  for (const name of commandsIn(out)) below.push(...(await sectionsOf([...command, name])));
  return [`${own}\n\n\`\`\`\n${withoutSettings(out).join("\n").trimEnd()}\n\`\`\`\n`, ...below];
}

/** Settings have a page of their own, which is made of them. */
function withoutSettings(help: readonly string[]): readonly string[] {
  const flags = new Set(settings.map(({ flag }) => `--${flag ?? ""}`));
  let isSetting = false;
  return help.filter((line) => {
    const [, flag] = /^ {2}(--[a-z-]+) \[value\]/.exec(line) ?? [];
    isSetting = flag === undefined ? isSetting && /^ {6}/.test(line) : flags.has(flag);
    return !isSetting;
  });
}

function commandsIn(help: readonly string[]): readonly string[] {
  const at = help.indexOf("Commands:");
  if (at < 0) return [];
  return help.slice(at + 1).flatMap((line) => /^ {2}([a-z-]+)/.exec(line)?.[1] ?? []);
}

test("the page of commands is what they print; FRESHET_TEST_WRITE=1 writes it anew", async () => {
  const page = [INTRODUCTION, ...(await sectionsOf([]))].join("\n");
  if (writesPages()) await writeFile(PAGE, page);
  expect(await readFile(PAGE, "utf8")).toBe(page);
});

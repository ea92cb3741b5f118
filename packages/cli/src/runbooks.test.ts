import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { transcript } from "../tests/transcript.js";

const root = join(import.meta.dirname, "../../..");
const guide = "docs/guides/operating.md";
const pages = [...readdirSync(join(root, "infra/runbooks")).map((page) => `infra/runbooks/${page}`), guide];

/** The words of each `freshet …` of the runbooks and of the operating guide, by page; those in code only. */
const commands = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8").replaceAll("\\\n", " ");
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/`(freshet [^`]+)`/g)].map(([, line = ""]) => line);
  return [...blocks, ...inline]
    .map((line) => line.trim())
    .filter((line) => /^freshet [a-z]/.test(line))
    .map((line) => [page, line] as const);
});

test("the runbooks and the operating guide have commands", () => {
  expect(new Set(commands.map(([page]) => page)).size).toBeGreaterThan(11);
  expect(commands.filter(([page]) => page === guide).length).toBeGreaterThan(15);
});

test.each(commands)("%s: %s", async (_, line) => {
  const words = line.split(/\s+/).slice(1);
  const names = words.slice(0, ["lag", "get", "bust", "explain", "run", "doctor"].includes(words[0] ?? "") ? 1 : 2);
  const { code, out } = await transcript([...names, "--help"]);
  const usage = out.find((text) => text.startsWith("Usage: freshet ")) ?? "";
  expect({ code, usage }).toEqual({ code: 0, usage: expect.stringContaining(`freshet ${names.join(" ")}`) });
  const help = out.join("\n");
  const flags = words.filter((word) => word.startsWith("--"));
  for (const flag of flags) expect(help).toMatch(new RegExp(`^ +(-\\w, )?${flag}( |$)`, "m"));
  const values = flags.filter((flag) => new RegExp(`${flag} [<[]`).test(help)).length;
  const rest = words.length - names.length - flags.length - values;
  expect([line, rest]).toEqual([line, /[<[](?!options|command)\w+/.test(usage) ? expect.any(Number) : 0]);
});

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

const repository = join(import.meta.dirname, "../../..");
const page = readFileSync(join(repository, "docs/reference/redis-layout.md"), "utf8");
const blocks = [...page.matchAll(/^```redis\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block.trimEnd().split("\n"));
const prefix = `${freshPrefix("layout")}:`;
const used = new Set<string>();
let client: Redis;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  if (used.size > 0) await client.unlink(...used);
  await client.quit();
});

/** The parts of a line as redis-cli takes them: bare, or in quotes with `\n`, `\t` and `\"`. */
function partsOf(line: string): readonly string[] {
  return [...line.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([part]) => (part.startsWith('"') ? String(JSON.parse(part)) : part));
}

/** The script as the page says it is printed, loaded; its SHA-1 in place of `{name}`. */
async function load(part: string): Promise<string> {
  const [, name] = /^\{([a-z-]+)\}$/.exec(part) ?? [];
  if (name === undefined) return part;
  const text = execFileSync(process.execPath, [join(repository, "packages/store/scripts/print-script.ts"), name], { encoding: "utf8" });
  return String(await client.script("LOAD", text));
}

/** `"…"` is any time; inside a text it is one too. */
function isLike(due: unknown, seen: unknown): boolean {
  if (Array.isArray(due) && Array.isArray(seen)) return due.length === seen.length && due.every((part, i) => isLike(part, seen[i]));
  if (typeof due !== "string" || typeof seen !== "string") return due === seen;
  const pattern = due.split("…").map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join("\\d+")}$`).test(seen);
}

test("the page has examples of every script that others call", () => {
  const called = blocks.flat().flatMap((line) => [...line.matchAll(/EVALSHA \{([a-z-]+)\}/g)].map(([, name]) => name));
  expect(new Set(called)).toEqual(new Set(["lease", "fill", "read", "index-add", "promote", "set-if-newer", "lease-gated"]));
});

test("its examples answer what the page says", async () => {
  let filledAt = "";
  for (const line of blocks) {
    for (let at = 0; at < line.length; at += 2) {
      const parts = partsOf(line[at]?.slice(2) ?? "").map((part) => (part === "…" ? filledAt : part));
      const [, sha = "", count = "", ...rest] = await Promise.all(parts.map(load));
      const named = rest.slice(0, Number(count)).map((key) => `${prefix}${key}`);
      for (const key of named) used.add(key);
      const reply: unknown = await client.evalsha(sha, named.length, ...named, ...rest.slice(Number(count)));
      if (parts[1] === "{fill}" && Array.isArray(reply)) filledAt = String(reply[0]);
      const due: unknown = JSON.parse(line[at + 1] ?? "null");
      expect({ line: line[at], due: isLike(due, reply) ? due : reply }).toEqual({ line: line[at], due });
    }
  }
}, 180_000);

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { infra } from "../rule-files.js";
import { parseRunbook, readRunbook, statedMs } from "./runbook.js";

const page = `# FreshetIsTired

## When it fires

Within 2 minutes where it sleeps,
within 3 where it yawns.

## What to do

1. Look:

   \`\`\`sh
   freshet lag
   \`\`\`

2. Wake it, \`kill -9\` is for nobody:

   \`\`\`sh
   # gently
   kill -CONT PID
   freshet replay history --topic shop.products \\
     --from 30m
   \`\`\`

Or:

\`\`\`sh
freshet doctor
\`\`\`

## When it resolves

Ten minutes after the last yawn.
`;

describe("a runbook", () => {
  test("has the commands of its blocks, in order, a line that goes on as one", () => {
    const { alert, commands } = parseRunbook(page);
    expect(alert).toBe("FreshetIsTired");
    expect(commands).toEqual([
      "freshet lag",
      "kill -CONT PID",
      "freshet replay history --topic shop.products --from 30m",
      "freshet doctor",
    ]);
  });

  test("says how long things take", () => {
    const { section } = parseRunbook(page);
    const fires = section("When it fires");
    expect(statedMs(fires, "Within 2 minutes")).toBe(120_000);
    expect(statedMs(fires, "within 3 where it yawns")).toBe(180_000);
    expect(statedMs(section("When it resolves"), "Ten minutes after")).toBe(600_000);
    expect(statedMs("At a first slice that ends.", "At a first slice")).toBe(0);
    expect(statedMs("Within a minute of it.", "Within a minute")).toBe(60_000);
  });

  test("that does not say what somebody relies on, or lacks a section, is an error", () => {
    const { section } = parseRunbook(page);
    expect(() => statedMs(section("When it fires"), "Within 5 minutes")).toThrow('does not say "Within 5 minutes"');
    expect(() => section("Whom to call")).toThrow("FreshetIsTired has no section");
  });

  const pages = readdirSync(join(infra, "runbooks")).filter((file) => file !== "README.md");
  test.each(pages.map((file) => file.replace(/\.md$/, "")))("%s is read", (alert) => {
    const runbook = readRunbook(alert);
    expect(runbook.alert).toBe(alert);
    expect(runbook.commands.length).toBeGreaterThan(0);
    expect(runbook.section("When it fires")).toMatch(/\S/);
  });
});

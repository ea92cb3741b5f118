import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { tuneHeap } from "./heap.js";

test("V8 still knows each flag: it passes over those that it does not", () => {
  const known = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  const names: string[] = [];
  tuneHeap((flag) => names.push(flag.replace(/^--(?:no-)?/, "").replace(/=.*/, "")));
  expect(names.length).toBe(3);
  for (const name of names) expect(known).toMatch(new RegExp(`^ +--(?:no-)?${name} `, "m"));
});

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "freshet-generate-"));
  for (const folder of ["scripts", "src/scripts", "src/generated"]) {
    cpSync(join(import.meta.dirname, "..", folder), join(copy, folder), { recursive: true });
  }
});
afterEach(() => rmSync(copy, { recursive: true }));

function generate(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [join(copy, "scripts/generate.ts"), ...args], { encoding: "utf8" });
  return { status, stderr };
}

function edit(file: string, change: (text: string) => string): void {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  expect(change(text)).not.toBe(text);
  writeFileSync(path, change(text));
}

test("the generated scripts are those of the Lua files", () => {
  expect(generate("--check").status).toBe(0);
});

describe("a drift is refused", () => {
  test("of a script, and mended by generating", () => {
    edit("src/scripts/lib/version.lua", (text) => `${text}-- changed\n`);
    expect(generate("--check")).toMatchObject({ status: 1, stderr: expect.stringContaining("out of date") });
    expect(generate().status).toBe(0);
    expect(generate("--check").status).toBe(0);
  });

  test.each([
    ["an argument out of order", (text: string) => text.replace("-- ARGV 2", "-- ARGV 3"), "out of order"],
    ["an argument that is not named", (text: string) => text.replace("argv[5]", "argv[10]"), "does not name"],
    [
      "one of an included file",
      (text: string) => text.replace("lib/bust-call.lua", "lib/bust-call.lua lib/fill-arguments.lua"),
      "does not name",
    ],
    ["no reply", (text: string) => text.replaceAll("-- REPLY", "-- reply"), "lacks KEYS or REPLY"],
    ["no effects", (text: string) => text.replace("-- EFFECTS", "-- effects"), "lacks EFFECTS"],
    ["a wrong stride", (text: string) => text.replaceAll("stride 2", "stride 3"), "stride is wrong"],
    ["a call that hides its command", (text: string) => text.replace('call("TIME")', "call(argv[1])"), "does not name its command"],
    ["no flags", (text: string) => text.replace("#!lua flags=allow-oom\n", ""), "must begin with #!lua"],
  ])("of a header: %s", (_what, change, problem) => {
    edit("src/scripts/bust.lua", change);
    expect(generate("--check")).toMatchObject({ status: 1, stderr: expect.stringContaining(problem) });
  });
});

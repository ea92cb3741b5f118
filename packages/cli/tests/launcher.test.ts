import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";

const folder = mkdtempSync(join(tmpdir(), "freshet-launcher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a clone that was not built says what to run", () => {
  cpSync(join(import.meta.dirname, "..", "bin"), join(folder, "bin"), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, [join(folder, "bin", "freshet.mjs"), "--help"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("npm run build") });
});

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { readTextFile } from "./read-text.js";

const folder = mkdtempSync(join(tmpdir(), "freshet-texts-"));
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function refused(code: string) {
  return expect.objectContaining({ code });
}

describe("a file", () => {
  test("is read whole, letters over the edges of what is read at once too", () => {
    const text = `a${"é€😀".repeat(50_000)}`;
    expect(readTextFile(made("text", text))).toBe(text);
    expect(readTextFile(made("empty", ""))).toBe("");
  });

  test("that is missing, or a folder, is refused as node:fs does it", () => {
    expect(() => readTextFile(join(folder, "missing"))).toThrow(refused("ENOENT"));
    expect(() => readTextFile(folder)).toThrow(refused("EISDIR"));
    const locked = made("locked", "text");
    chmodSync(locked, 0);
    if (process.getuid?.() !== 0) expect(() => readTextFile(locked)).toThrow(refused("EACCES"));
  });

  test("that is huge, or never ends, takes neither time nor memory", () => {
    const huge = made("huge", "");
    truncateSync(huge, 8 * 1024 ** 3);
    for (const path of [huge, "/dev/zero"]) {
      const startedMs = performance.now();
      expect(() => readTextFile(path)).toThrow(refused("EFBIG"));
      expect(performance.now() - startedMs).toBeLessThan(5000);
    }
  });
});

describe("a named pipe", () => {
  const pipeOf = (name: string): string => {
    const path = join(folder, name);
    execFileSync("mkfifo", [path]);
    return path;
  };

  test("that nobody writes to is empty", () => {
    expect(readTextFile(pipeOf("alone"))).toBe("");
  });

  test("is read to the end of whoever writes, and given up when they fall silent", async () => {
    const path = pipeOf("written");
    // Opened for both, so that the writer does not wait for a reader.
    const writer = spawn("sh", ["-c", `exec 3<>"$0"; printf text >&3; echo ready; exec sleep 60`, path], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(writer.stdout, "data");
    expect(() => readTextFile(path)).toThrow(refused("ETIMEDOUT"));
    writer.kill("SIGKILL");
    await once(writer, "close");
    expect(readTextFile(path)).toBe("");
  }, 90_000);
});

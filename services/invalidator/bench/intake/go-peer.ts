import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const BUILD_TIMEOUT_MS = 15 * 60_000;
const PLACES = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

/** The Go peer, compiled; or why it cannot be. */
export type GoPeer = { readonly program: string; readonly version: string; close(): void } | { readonly missing: string };

export async function buildGoPeer(): Promise<GoPeer> {
  const run = promisify(execFile);
  const go = await findGo();
  if (go === null) return { missing: "Go is not installed (https://go.dev/dl)" };
  const folder = mkdtempSync(join(tmpdir(), "freshet-go-peer-"));
  const program = join(folder, "peer");
  try {
    await run(go, ["build", "-o", program, "."], { cwd: join(import.meta.dirname, "go-peer"), timeout: BUILD_TIMEOUT_MS });
    const { stdout } = await run(go, ["version"]);
    return { program, version: stdout.trim(), close: () => rmSync(folder, { recursive: true, force: true }) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return { missing: `the Go peer does not build: ${error instanceof Error ? error.message.split("\n").slice(0, 3).join(" ") : error}` };
  }
}

async function findGo(): Promise<string | null> {
  for (const place of PLACES) {
    if (place.startsWith("/") && !existsSync(place)) continue;
    const works = await promisify(execFile)(place, ["version"]).then(
      () => true,
      () => false,
    );
    if (works) return place;
  }
  return null;
}

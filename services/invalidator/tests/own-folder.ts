import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startKeeper } from "@freshet/testkit";

/** A folder that goes with this process, however that ends. */
export async function openFolder(name: string): Promise<{ readonly folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), `freshet-${name}-`));
  return { folder, close: startKeeper(["rm", "-rf", "--", folder]).close };
}

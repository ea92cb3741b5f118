import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How large the image of the service is; or why that is not known. */
export type ImageSize = { readonly name: string; readonly megabytes: number; readonly createdAt: string } | { readonly missing: string };

const PATIENCE_MS = 10_000;

/** Asks Docker for an image that is there, and builds none. */
export async function measureImage(name: string): Promise<ImageSize> {
  const ask = (args: readonly string[]) => promisify(execFile)("docker", [...args], { timeout: PATIENCE_MS });
  const daemon = await ask(["version", "--format", "{{.Server.Version}}"]).catch(() => null);
  if (daemon === null) return { missing: "no Docker daemon answers" };
  const found = await ask(["image", "inspect", "--format", "{{.Size}} {{.Created}}", name]).catch(() => null);
  if (found === null) return { missing: `there is no image ${name}: docker build -t ${name} -f services/invalidator/Dockerfile .` };
  const [bytes = "", createdAt = ""] = found.stdout.trim().split(" ");
  return { name, megabytes: Math.round(Number(bytes) / 1e6), createdAt };
}

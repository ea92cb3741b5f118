import { createRequire } from "node:module";

/** What runs here: ours, Node, and the clients of Kafka and Redis. */
export function versionsHere(freshet: string): Readonly<Record<string, string>> {
  return {
    freshet,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    kafkajs: versionOf("kafkajs", "@freshet/kafka"),
    ioredis: versionOf("ioredis", "@freshet/store"),
  };
}

/** Of a package as another one sees it. */
function versionOf(name: string, user: string): string {
  try {
    const manifest: unknown = createRequire(import.meta.resolve(user))(`${name}/package.json`);
    return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
  } catch {
    return "";
  }
}

import type { ServerView } from "./port.js";
import type { RedisMaster } from "./redis-link.js";

/** The answer to INFO, by field. */
export function infoFields(info: string): ReadonlyMap<string, string> {
  return new Map(info.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** By INFO alone: managed services forbid CONFIG, and the invalidator's user has no TIME. */
export async function describeServer({ client, address }: RedisMaster): Promise<ServerView> {
  const fields = infoFields(await client.info());
  const field = (name: string) => fields.get(name) ?? "";
  const valkey = fields.get("valkey_version");
  const clockUs = Number(field("server_time_usec"));
  return {
    address,
    product: valkey === undefined ? "redis" : "valkey",
    version: valkey ?? field("redis_version"),
    isCluster: field("cluster_enabled") === "1",
    role: field("role"),
    maxmemoryPolicy: field("maxmemory_policy"),
    clockMs: clockUs > 0 ? clockUs / 1000 : null,
  };
}

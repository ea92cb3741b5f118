import { decodeBounds, encodeBounds } from "./bounds.js";
import type { BoundsPort } from "./port.js";
import type { RedisLink } from "./redis-link.js";

/** The time bounds in one string key of Redis. */
export function redisBounds(link: RedisLink, prefix: string): BoundsPort {
  const keys = [`${prefix}bounds`];
  return {
    publishBounds: async (bounds) => {
      await link.run([{ run: { command: "set" }, keys, args: [encodeBounds(bounds)] }]);
    },
    readBounds: async () => {
      const [text] = await link.run([{ run: { command: "get" }, keys, args: [] }]);
      return typeof text === "string" ? decodeBounds(text) : null;
    },
  };
}

import { notYet } from "./not-yet.js";
import type { BoundsPort } from "./port.js";
import type { RedisLink } from "./redis-link.js";

export function redisBounds(_link: RedisLink, _prefix: string): BoundsPort {
  const missing = () => Promise.reject(notYet("bounds"));
  return { publishBounds: missing, readBounds: missing };
}

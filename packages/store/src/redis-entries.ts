// Layout: docs/decisions/0009: a managed key WITHOUT a value is a string (encodeMarks/readMarks), with one it is a hash whose field `d` also holds floors and lease.
import { notYet } from "./not-yet.js";
import type { EntryPort } from "./port.js";
import type { RedisLink } from "./redis-link.js";

export function redisEntries(_link: RedisLink, _prefix: string): EntryPort {
  const missing = () => Promise.reject(notYet("entries"));
  return { read: missing, lease: missing, fill: missing, promote: missing, drop: missing, setIfNewer: missing };
}

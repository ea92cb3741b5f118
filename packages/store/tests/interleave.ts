import type { RedisLink } from "../src/redis-link.js";

/**
 * The same link, with something done before its n-th run (0: the first), and a note of how many runs there were. What
 * happens between two runs is what other processes do.
 */
export function interleaved(link: RedisLink, before: (run: number) => Promise<void>): { link: RedisLink; runs(): number } {
  let count = 0;
  const run: RedisLink["run"] = async (calls) => {
    await before(count++);
    return await link.run(calls);
  };
  return { link: { ...link, run }, runs: () => count };
}

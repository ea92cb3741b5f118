import { expect } from "@jest/globals";
import { startFreshet } from "../freshet-process.js";
import type { Scene } from "../scene.js";

/** What a command of the operating guide said. */
export interface Said<T> {
  readonly code: number | null;
  readonly printed: T;
}

export type Say = <T>(argv: readonly string[]) => Promise<Said<T>>;

/** Of a plan or a job, what these tests look at. */
export interface Replayed {
  readonly status?: string;
  readonly counts: { readonly keys: { readonly removed: number }; readonly records: { readonly chosen: number } };
}

/** Makes Freshet's own topics that replays need, beside those of the scene. */
export async function addReplayTopics({ env, topics }: Scene): Promise<void> {
  const name = env.FRESHET_DEPLOYMENT ?? "";
  await topics.create({
    [`freshet.jobs.${name}`]: { partitions: 1, config: { "cleanup.policy": "compact" } },
    [`freshet.audit.${name}`]: { partitions: 1 },
  });
}

/** Runs commands with `--json` where the service's configuration is. */
export function commandsIn(env: Readonly<Record<string, string>>): Say {
  return async <T>(argv: readonly string[]) => {
    const { code, stdout, stderr } = await startFreshet([...argv, "--json"], env).ended;
    if (stdout === "") throw new Error(`freshet ${argv.join(" ")} ended with ${code} and printed nothing:\n${stderr}`);
    expect(stderr).not.toMatch(/FR9001|^\s+at /m);
    return { code, printed: JSON.parse(stdout) as T };
  };
}

/** Environment variables, as they are. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process; the only place of the command line that reads it. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/** Whether output stays plain (https://no-color.org: set and not empty). */
export function wantsNoColour(env: Environment): boolean {
  return (env.NO_COLOR ?? "") !== "";
}

/** Whether the demo's bust is broken on purpose: only tests set this, to see that the demo would tell. */
export function breaksBusts(env: Environment): boolean {
  return env.FRESHET_TEST_BREAK_BUSTS === "1";
}

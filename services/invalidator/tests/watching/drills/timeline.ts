/** How long a step took, and how long it might. */
export interface Step {
  readonly what: string;
  readonly tookMs: number;
  /** `null`: nobody promised a time. */
  readonly limitMs: number | null;
}

/** The table of a drill, a line for each step, and the steps that took longer than they might. */
export function judge(steps: readonly Step[]): { readonly lines: readonly string[]; readonly missed: readonly string[] } {
  const isMissed = ({ tookMs, limitMs }: Step): boolean => limitMs !== null && tookMs > limitMs;
  const lines = steps.map((step) => {
    const { what, tookMs, limitMs } = step;
    const limit = limitMs === null ? "" : `  of ${secondsText(limitMs)} at most: ${isMissed(step) ? "MISSED" : "held"}`;
    return `${secondsText(tookMs).padStart(8)}  ${what}${limit}`;
  });
  return { lines, missed: steps.filter(isMissed).map(({ what }) => what) };
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

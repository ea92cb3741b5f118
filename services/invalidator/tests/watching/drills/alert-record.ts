/** What became of alerts, from looks at Prometheus that follow each other. */
export interface AlertRecord {
  /** Takes the alerts there are now; those that were there before and are missing are over. Answers with what is new. */
  look(alerts: readonly SeenAlert[], atMs: number): readonly Transition[];
  /** When an alert first came into a state at or after a time; `null` if it did not. */
  since(wanted: Wanted, state: AlertState, fromMs: number): number | null;
  /** The state that any alert wanted is in now. */
  stateOf(wanted: Wanted): AlertState;
}

export type AlertState = "silent" | "pending" | "firing";

export interface SeenAlert {
  readonly state: "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
}

export interface Wanted {
  readonly alert: string;
  readonly severity: string;
}

export interface Transition extends Wanted {
  readonly to: AlertState;
  readonly atMs: number;
}

/** Alerts of one name and severity are one here, whatever their other labels: it is in the highest state of any of them. */
export function createAlertRecord(): AlertRecord {
  const transitions: Transition[] = [];
  let now = new Map<string, Transition>();
  return {
    look(alerts, atMs) {
      const next = new Map<string, Transition>();
      for (const { state: to, labels } of alerts) {
        const { alertname: alert = "", severity = "" } = labels;
        const key = keyOf({ alert, severity });
        if (next.get(key)?.to !== "firing") next.set(key, { alert, severity, to, atMs });
      }
      const over = [...now.values()].filter((was) => !next.has(keyOf(was))).map((was) => ({ ...was, to: "silent" as const, atMs }));
      const moved = [...next.values()].filter((is) => now.get(keyOf(is))?.to !== is.to);
      now = next;
      transitions.push(...over, ...moved);
      return [...over, ...moved];
    },
    since: (wanted, state, fromMs) =>
      transitions.find((one) => keyOf(one) === keyOf(wanted) && one.to === state && one.atMs >= fromMs)?.atMs ?? null,
    stateOf: (wanted) => now.get(keyOf(wanted))?.to ?? "silent",
  };
}

function keyOf({ alert, severity }: Wanted): string {
  return `${alert} ${severity}`;
}

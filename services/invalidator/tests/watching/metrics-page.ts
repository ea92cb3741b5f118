/** A metric by its name, as Prometheus' text format or our page tells it. */
export interface ToldMetric {
  readonly name: string;
  readonly type: string;
  /** Without `le`. Empty where there is no sample yet. */
  readonly labels: readonly string[];
}

/** Everything in what `/metrics` answered. */
export function exportedMetrics(text: string): readonly ToldMetric[] {
  const lines = text.split("\n");
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => {
    const labels = new Set<string>();
    const sample = new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `);
    for (const line of lines) for (const [, label = ""] of (sample.exec(line)?.[1] ?? "").matchAll(/(\w+)="/g)) labels.add(label);
    labels.delete("le");
    return { name, type, labels: [...labels] };
  });
}

/** The rows of the page: name, type, labels, unit, meaning. */
export function documentedMetrics(page: string): readonly ToldMetric[] {
  return [...page.matchAll(/^\| `(freshet_\w+)` \| (\w+) \| ([^|]*)\|/gm)].map(([, name = "", type = "", labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`?(\w+)`?/g)].map(([, label = ""]) => label),
  }));
}

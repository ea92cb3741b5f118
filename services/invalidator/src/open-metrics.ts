export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/**
 * Prometheus' classic text as OpenMetrics 1.0, in which series keep their names: there a counter is told of without the `_total` that
 * its samples have, no line is empty, and the end is marked. The client library's own way renames its counters for good, so that
 * the next reader of the classic text would not find them.
 */
export function openMetricsOf(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\w+_total) counter$/gm)].map(([, name]) => name));
  const lines = text.split("\n").filter((line) => line !== "");
  const told = lines.map((line) => {
    const [, kind = "", name = "", rest = ""] = /^# (HELP|TYPE) (\w+) (.*)$/.exec(line) ?? [];
    if (kind === "") return line;
    const family = counters.has(name) ? name.slice(0, -"_total".length) : name;
    return `# ${kind} ${family} ${kind === "HELP" ? rest.replaceAll('"', '\\"') : typeOf(name, rest, counters)}`;
  });
  return `${told.join("\n")}\n# EOF\n`;
}

/** A counter whose samples have no `_total` is none there, and would have to change its name. */
function typeOf(name: string, type: string, counters: ReadonlySet<string | undefined>): string {
  return type === "counter" && !counters.has(name) ? "unknown" : type;
}

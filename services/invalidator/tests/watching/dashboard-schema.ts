import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { infra } from "./rule-files.js";

/**
 * What we use of Grafana's classic dashboard JSON (schema version 39); nothing else may be in the files. Grafana's own types (npm
 * @grafana/schema 13.2) take both files as they are, but for `expr` of annotations, which the plugin of Prometheus takes from there itself.
 */
const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.string().regex(/^\$\{datasource\}$/) });
const gridPos = z.strictObject({
  h: z.int().min(1),
  w: z.int().min(1).max(24),
  x: z.int().min(0).max(23),
  y: z.int().min(0),
});
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.literal(true).optional(),
  format: z.literal("table").optional(),
});
const step = z.strictObject({ color: z.enum(["green", "yellow", "red"]), value: z.number().nullable() });
const defaults = z.strictObject({
  unit: z.enum(["s", "short", "ops", "percentunit", "bytes"]),
  min: z.literal(0).optional(),
  thresholds: z.strictObject({ mode: z.literal("absolute"), steps: z.array(step).min(2) }).optional(),
  color: z.strictObject({ mode: z.enum(["thresholds", "palette-classic"]) }).optional(),
  custom: z
    .strictObject({
      lineWidth: z.int(),
      fillOpacity: z.int(),
      showPoints: z.literal("never"),
      thresholdsStyle: z.strictObject({ mode: z.enum(["off", "line"]) }),
    })
    .optional(),
});
const legend = z.strictObject({ displayMode: z.literal("list"), placement: z.literal("bottom"), showLegend: z.boolean() });
const tooltip = z.strictObject({ mode: z.literal("multi"), sort: z.literal("desc") });
const reduceOptions = z.strictObject({ calcs: z.tuple([z.literal("lastNotNull")]), fields: z.literal(""), values: z.boolean() });
const common = { id: z.int().positive(), title: z.string().min(3), gridPos };
const drawn = {
  ...common,
  description: z.string(),
  datasource,
  fieldConfig: z.strictObject({ defaults, overrides: z.tuple([]) }),
  targets: z.array(target).min(1),
};
const panel = z.discriminatedUnion("type", [
  z.strictObject({ ...common, type: z.literal("row"), collapsed: z.literal(false), panels: z.tuple([]) }),
  z.strictObject({ ...drawn, type: z.literal("timeseries"), options: z.strictObject({ legend, tooltip }) }),
  z.strictObject({ ...drawn, type: z.literal("table"), options: z.strictObject({}) }),
  z.strictObject({
    ...drawn,
    type: z.literal("stat"),
    options: z.strictObject({
      reduceOptions,
      colorMode: z.literal("background"),
      graphMode: z.literal("none"),
      textMode: z.literal("auto"),
    }),
  }),
]);
const variable = z.discriminatedUnion("type", [
  z.strictObject({
    name: z.literal("datasource"),
    label: z.string(),
    type: z.literal("datasource"),
    query: z.literal("prometheus"),
    hide: z.literal(0),
    refresh: z.literal(1),
    multi: z.literal(false),
    includeAll: z.literal(false),
  }),
  z.strictObject({
    name: z.literal("job"),
    label: z.string(),
    type: z.literal("query"),
    datasource,
    query: z.string().startsWith("label_values("),
    hide: z.literal(0),
    refresh: z.literal(2),
    multi: z.literal(false),
    includeAll: z.literal(false),
    sort: z.literal(1),
  }),
]);
const annotation = z.strictObject({
  name: z.string(),
  datasource,
  enable: z.boolean(),
  iconColor: z.string(),
  expr: z.string(),
  titleFormat: z.string(),
});
const link = z.strictObject({
  title: z.string(),
  type: z.literal("link"),
  url: z.string().startsWith("/d/"),
  icon: z.literal("dashboard"),
  keepTime: z.boolean(),
  includeVars: z.boolean(),
  targetBlank: z.boolean(),
  tags: z.tuple([]),
  asDropdown: z.boolean(),
  tooltip: z.string(),
});
const dashboard = z.strictObject({
  uid: z.string().regex(/^freshet-[a-z-]{1,32}$/),
  title: z.string(),
  description: z.string(),
  tags: z.tuple([z.literal("freshet")]),
  schemaVersion: z.literal(39),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.literal(1),
  timezone: z.literal("browser"),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation) }),
  links: z.array(link),
  panels: z.array(panel).min(1),
});
export type Dashboard = z.infer<typeof dashboard>;

/** @throws ZodError that says where a file is not what Grafana takes. */
export function readDashboards(): readonly Dashboard[] {
  const folder = join(infra, "grafana", "dashboards");
  return readdirSync(folder).map((file) => dashboard.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))));
}

/** Every query of a dashboard, with where it stands, for one deployment. */
export function queriesOf(
  { title, panels, annotations }: Dashboard,
  job: string,
): readonly { readonly at: string; readonly query: string }[] {
  const drawnOf = panels.flatMap((one) =>
    one.type === "row" ? [] : one.targets.map(({ refId, expr }) => ({ at: `${title} / ${one.title} / ${refId}`, query: expr })),
  );
  const marks = annotations.list.map(({ name, expr }) => ({ at: `${title} / ${name}`, query: expr }));
  return [...drawnOf, ...marks].map(({ at, query }) => ({ at, query: query.replaceAll("$job", job) }));
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

export const infra = join(import.meta.dirname, "..", "..", "..", "..", "infra");
export const alertTests = ["freshet.alerts.test.yaml", "freshet.alerts-hours.test.yaml", "freshet.alerts-days.test.yaml"] as const;

const annotations = z.strictObject({
  summary: z.string().min(10),
  description: z.string().min(20),
  runbook_url: z.string(),
  dashboard_url: z.string(),
});
const alertRule = z.strictObject({
  alert: z.string().regex(/^Freshet[A-Z]\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(["critical", "warning"]), window: z.string().optional() }),
  annotations,
});
const recordRule = z.strictObject({ record: z.string().regex(/^freshet:\w+:\w+$/), expr: z.string() });
const groupsOf = <T extends z.ZodType>(rule: T) =>
  z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })) });
const check = z.object({
  alertname: z.string(),
  eval_time: z.string(),
  exp_alerts: z.array(z.object({ exp_labels: z.record(z.string(), z.string()) })),
});
const testFile = z.object({ tests: z.array(z.object({ name: z.string(), alert_rule_test: z.array(check).min(2) })) });

export type AlertRule = z.infer<typeof alertRule>;
export type AlertCourse = z.infer<typeof testFile>["tests"][number];

export function readAlerts(): readonly AlertRule[] {
  return groupsOf(alertRule)
    .parse(readYaml("freshet.alerts.yaml"))
    .groups.flatMap(({ rules }) => rules);
}

export function readRecordings(): readonly z.infer<typeof recordRule>[] {
  return groupsOf(recordRule)
    .parse(readYaml("freshet.rules.yaml"))
    .groups.flatMap(({ rules }) => rules);
}

/** Each course of `promtool test rules`: what happens, and which alerts are expected when. */
export function readCourses(): readonly AlertCourse[] {
  return alertTests.flatMap((file) => testFile.parse(readYaml(file)).tests);
}

function readYaml(file: string): unknown {
  return parse(readFileSync(join(infra, "prometheus", file), "utf8"), { merge: true });
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type OwnWatch, startAlertmanager, until } from "@freshet/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Ears, leadTo, openEars } from "./ears.js";
import { infra } from "./rule-files.js";

type Labels = Readonly<Record<string, string>>;
/** What was told, `receiver alert status`, in the order of the calls. */
const told: string[] = [];
let ears: Ears;
let alertmanager: OwnWatch;

beforeAll(async () => {
  ears = await openEars((text) => void told.push(text));
  const example = readFileSync(join(infra, "alertmanager", "alertmanager.yml"), "utf8");
  const config = leadTo(example, ears.url).replaceAll(/group_(wait|interval): \S+/g, "group_$1: 1s");
  alertmanager = await startAlertmanager({ config });
}, 720_000);
afterAll(async () => {
  await alertmanager?.close();
  ears?.close();
});
beforeEach(() => {
  told.length = 0;
});

async function raise(...alerts: readonly (Labels & { readonly alertname: string })[]): Promise<void> {
  await post(alerts.map((labels) => ({ labels: { job: "freshet", ...labels } })));
}

async function end(...alerts: readonly Labels[]): Promise<void> {
  const endsAt = new Date(Date.now() - 1).toISOString();
  await post(
    alerts.map((labels) => ({ labels: { job: "freshet", ...labels }, startsAt: new Date(Date.now() - 60_000).toISOString(), endsAt })),
  );
}

async function post(alerts: readonly object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`, { method: "POST", headers, body: JSON.stringify(alerts) });
  expect(response.status).toBe(200);
}

test("who is on call hears of what is critical, and that it is over; the rest waits for the morning", async () => {
  const stuck = { alertname: "FreshetConsumerStuck", severity: "critical", topic: "a" };
  await raise(
    stuck,
    { alertname: "FreshetRuleNeverMatches", severity: "warning", rule: "r" },
    { alertname: "DiskFull", severity: "critical" },
  );
  await until(() => told.length >= 2, { what: "both were told" });
  expect(told.toSorted()).toEqual(["morning FreshetRuleNeverMatches firing", "on-call FreshetConsumerStuck firing"]);
  await end(stuck);
  await until(() => told.includes("on-call FreshetConsumerStuck resolved"), { what: "it was told to be over" });
}, 180_000);

/** The names of the alerts that others make needless: of those whose label has this value. */
async function muted(value: string, label = "topic"): Promise<readonly string[]> {
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
  const alerts = (await response.json()) as readonly {
    readonly labels: Labels;
    readonly status: { readonly inhibitedBy: readonly string[] };
  }[];
  return alerts
    .filter(({ labels, status }) => labels[label] === value && status.inhibitedBy.length > 0)
    .map(({ labels }) => `${labels.alertname} ${labels.severity}`)
    .toSorted();
}

test("one cause is one notice", async () => {
  const [topic, critical] = ["b", "critical"];
  await raise({ alertname: "FreshetPartitionWaiting", severity: critical, topic, partition: "0", code: "FR2001" });
  await until(() => told.includes("on-call FreshetPartitionWaiting firing"), { what: "the cause was told" });
  await raise(
    { alertname: "FreshetStalenessBudgetBurn", severity: critical, window: "1h", topic },
    { alertname: "FreshetStalenessBudgetBurn", severity: "warning", window: "1d", topic },
    { alertname: "FreshetConsumerLagGrowing", severity: "warning", topic, partition: "0" },
    { alertname: "FreshetStalenessBudgetBurn", severity: critical, window: "1h", topic: "another" },
  );
  await until(() => told.includes("on-call FreshetStalenessBudgetBurn firing"), { what: "the other topic was told" });
  expect(await muted("another")).toEqual([]);
  const needless = ["FreshetConsumerLagGrowing warning", "FreshetStalenessBudgetBurn critical", "FreshetStalenessBudgetBurn warning"];
  expect(await muted(topic)).toEqual(needless);
  expect(told).toEqual(["on-call FreshetPartitionWaiting firing", "on-call FreshetStalenessBudgetBurn firing"]);
}, 180_000);

test("that Kafka does not answer is told once, by whoever says the most; a process that waits for Redis mutes nobody", async () => {
  const severity = "critical";
  const burn = { alertname: "FreshetStalenessBudgetBurn", severity, window: "1h", topic: "c" };
  const blind = { alertname: "FreshetLagUnknown", severity };
  const waits = (job: string, on: string) => ({ alertname: "FreshetStartWaiting", severity, job, instance: "a", on });
  const stuck = { alertname: "FreshetConsumerStuck", severity, instance: "a" };
  await raise({ ...stuck, job: "silent" }, waits("new", "kafka"), waits("redis", "redis"));
  await until(() => told.filter((text) => text.startsWith("on-call ")).length === 3, { what: "the causes were told" });
  for (const job of ["silent", "new", "redis"]) await raise({ ...blind, job }, { ...burn, job });
  await until(() => told.includes("on-call FreshetLagUnknown firing"), { what: "the one that is not muted was told" });
  expect(await muted("silent", "job")).toEqual(["FreshetLagUnknown critical", "FreshetStalenessBudgetBurn critical"]);
  expect(await muted("new", "job")).toEqual(["FreshetLagUnknown critical", "FreshetStalenessBudgetBurn critical"]);
  expect(await muted("redis", "job")).toEqual(["FreshetStalenessBudgetBurn critical"]);
  expect(told.filter((text) => text.includes("FreshetLagUnknown"))).toEqual(["on-call FreshetLagUnknown firing"]);
  expect(told.join()).not.toContain("FreshetStalenessBudgetBurn");
}, 180_000);

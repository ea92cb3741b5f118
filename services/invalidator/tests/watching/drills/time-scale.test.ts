import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensurePrometheus } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { infra } from "../rule-files.js";
import { durationMs, durationText, limitAt, scaleTimes } from "./time-scale.js";

const RULES = ["freshet.rules.yaml", "freshet.alerts.yaml"] as const;
const COURSES = "freshet.alerts.test.yaml";
const FILES = [...RULES.map((file) => `prometheus/${file}`), "prometheus/prometheus.yml", "alertmanager/alertmanager.yml"];
const read = (file: string): string => readFileSync(join(infra, file), "utf8");
const LONG_MS = 240_000;

test("times are read and written as Prometheus does", () => {
  expect(["1m", "1h30m", "2d", "250ms", "15s"].map(durationMs)).toEqual([60_000, 5_400_000, 172_800_000, 250, 15_000]);
  expect([12_000, 1500, 0.2, 86_400_000].map(durationText)).toEqual(["12s", "1500ms", "1ms", "86400s"]);
});

test("a limit is divided but for what the service takes, and at scale 1 is what the page says", () => {
  expect(limitAt(120_000, 0, 5)).toBe(24_000);
  expect(limitAt(180_000, 10_000, 5)).toBe(44_000);
  expect(limitAt(180_000, 10_000, 1)).toBe(180_000);
  expect(limitAt(0, 5000, 5)).toBe(5000);
});

describe("a scaled file", () => {
  test("has other times where things last, and nowhere else", () => {
    const text = `for: 1m
{ alertname: X, eval_time: 2m, exp_alerts: [] }
scrape_interval: 15s
expr: a_5m{window="1h"} > 60 and rate(b[5m:1m] offset 10m) * 14.4 > c offset -1h30m
record: freshet:stale:ratio_5m
labels: { severity: critical, window: 1h }
# for: 1m in [5m]`;
    expect(scaleTimes(text, 5)).toBe(`for: 12s
{ alertname: X, eval_time: 24s, exp_alerts: [] }
scrape_interval: 3s
expr: a_5m{window="1h"} > 60 and rate(b[60s:12s] offset 120s) * 14.4 > c offset -1080s
record: freshet:stale:ratio_5m
labels: { severity: critical, window: 1h }
# for: 1m in [5m]`);
  });

  test("at scale 1 is the file itself", () => {
    for (const file of FILES) expect(scaleTimes(read(file), 1)).toBe(read(file));
  });

  test.each(FILES)("of %s has every time divided, and nothing else", (file) => {
    const [before, after] = [read(file), scaleTimes(read(file), 5)].map((text) => leaves(parse(text, { merge: true })));
    expect(after?.map(([path]) => path)).toEqual(before?.map(([path]) => path));
    const changed = before?.filter(([path, text], at) => {
      const scaled = after?.[at]?.[1] ?? "";
      const lasts = /\.(for|expr|\w+_interval|group_wait)$/.test(path);
      const expected = lasts ? timesIn(text).map((ms) => ms / 5) : timesIn(text);
      expect([path, timesIn(scaled)]).toEqual([path, expected]);
      expect([path, masked(scaled)]).toEqual([path, masked(text)]);
      return scaled !== text;
    });
    expect(changed?.length).toBeGreaterThan(1);
  });
});

const TIME = /(?<![\w.])(?:\d+(?:ms|[smhdwy]))+\b/g;

function timesIn(text: string): readonly number[] {
  return [...text.matchAll(TIME)].map(([time]) => durationMs(time));
}

function masked(text: string): string {
  return text.replaceAll(TIME, "<time>");
}

/** Every text and number of a document, with its path. */
function leaves(value: unknown, path = ""): readonly (readonly [path: string, text: string])[] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
}

describe("promtool", () => {
  /** The alerts that `npm run drill` provokes. Their cases know no seconds that a service measures. */
  const drilled = [
    "FreshetTargetGone",
    "FreshetDeadLettersGrowing",
    "FreshetPartitionWaiting",
    "FreshetConsumerStuck",
    "FreshetTopicMatchesNothing",
  ];

  test(
    "takes scaled rules, and finds alerts firing, silent and over at scaled times",
    async () => {
      const { promtool } = await ensurePrometheus(() => undefined);
      const folder = await mkdtemp(join(tmpdir(), "freshet-scaled-"));
      const run = promisify(execFile);
      try {
        for (const file of RULES) await writeFile(join(folder, file), scaleTimes(read(`prometheus/${file}`), 5));
        await run(promtool, ["check", "rules", "--lint-fatal", ...RULES], { cwd: folder });
        const courses: Courses = parse(scaleTimes(read(`prometheus/${COURSES}`), 5));
        const tests = courses.tests.filter(({ alert_rule_test: checks }) => checks.every(({ alertname }) => drilled.includes(alertname)));
        expect(tests.length).toBeGreaterThan(drilled.length);
        await writeFile(join(folder, COURSES), JSON.stringify({ ...courses, tests }));
        const { stdout, stderr } = await run(promtool, ["test", "rules", COURSES], { cwd: folder });
        expect(`${stdout}${stderr}`).toContain("SUCCESS");
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    LONG_MS,
  );
});

interface Courses {
  readonly tests: readonly { readonly alert_rule_test: readonly { readonly alertname: string }[] }[];
}

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensurePrometheus } from "@freshet/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { alertTests, infra, readAlerts, readCourses } from "./rule-files.js";

const execute = promisify(execFile);
const LONG_MS = 240_000;

/** What a program says. Fails with all it said where it ends badly. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(program, args, { cwd: join(infra, "prometheus") }).catch(
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ""}`);
    },
  );
  return `${stdout}${stderr}`;
}

let programs: Awaited<ReturnType<typeof ensurePrometheus>>;
beforeAll(async () => {
  programs = await ensurePrometheus(() => undefined);
}, LONG_MS);

describe("promtool", () => {
  test("takes the rules and the configuration", async () => {
    await run(programs.promtool, "check", "rules", "--lint-fatal", "freshet.rules.yaml", "freshet.alerts.yaml");
    await run(programs.promtool, "check", "config", "--lint-fatal", "prometheus.yml");
  }, 180_000);

  test.each(alertTests)(
    "finds alerts firing, silent and over as %s says",
    async (file) => {
      expect(await run(programs.promtool, "test", "rules", file)).toContain("SUCCESS");
    },
    LONG_MS,
  );
});

describe("each alert", () => {
  const alerts = readAlerts();
  const names = [...new Set(alerts.map(({ alert }) => alert))];
  const courses = readCourses();

  test.each(names)("%s has its page", (name) => {
    const urls = alerts.filter(({ alert }) => alert === name).map(({ annotations }) => annotations.runbook_url);
    expect(new Set(urls)).toEqual(new Set([`infra/runbooks/${name}.md`]));
    const headings = readFileSync(join(infra, "runbooks", `${name}.md`), "utf8").match(/^#.*/gm) ?? [];
    const sections = ["What it means", "When it fires", "What users see", "What to do", "When it resolves"];
    expect(headings).toEqual([`# ${name}`, ...sections.map((section) => `## ${section}`)]);
  });

  test.each(alerts.map(({ alert, labels }) => [alert, labels.severity, labels.window ?? ""]))(
    "%s of severity %s %s is silent, fires and is over in a course",
    (name, severity, window) => {
      const seen = courses.map(({ alert_rule_test: checks }) =>
        checks
          .filter(({ alertname }) => alertname === name)
          .map(({ exp_alerts: firing }) =>
            firing.some(({ exp_labels: labels }) => labels.severity === severity && (labels.window ?? "") === window) ? "fires" : "silent",
          )
          .join(" "),
      );
      expect(seen).toContainEqual(expect.stringMatching(/silent fires( fires)* silent/));
    },
  );
});

describe("amtool", () => {
  const config = join(infra, "alertmanager", "alertmanager.yml");

  test("takes the example of routes", async () => {
    expect(await run(programs.amtool, "check-config", config)).toContain("SUCCESS");
  }, 180_000);

  test.each([
    ["on-call", ["alertname=FreshetConsumerStuck", "severity=critical", "job=freshet"]],
    ["on-call", ["alertname=FreshetStartWaiting", "severity=critical", "job=freshet", "instance=a", "on=kafka"]],
    ["on-call", ["alertname=FreshetLagUnknown", "severity=critical", "job=freshet"]],
    ["morning", ["alertname=FreshetRuleNeverMatches", "severity=warning", "job=freshet"]],
    ["nobody", ["alertname=DiskFull", "severity=critical"]],
  ])(
    "finds that it tells %s of %j",
    async (receiver, labels) => {
      await run(programs.amtool, "config", "routes", "test", `--config.file=${config}`, `--verify.receivers=${receiver}`, ...labels);
    },
    180_000,
  );
});

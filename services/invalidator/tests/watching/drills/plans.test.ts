import { describe, expect, test } from "@jest/globals";
import { readAlerts } from "../rule-files.js";
import * as plans from "./plans.js";
import { readRunbook, statedMs } from "./runbook.js";

describe.each(Object.values(plans).map((plan): [string, plans.Plan] => [plan.name, plan]))("the drill %s", (_, plan) => {
  const alerts = readAlerts();

  test.each(plan.promised)("waits for $alert ($severity) as its page says", ({ alert, severity, fires, resolves }) => {
    expect(alerts.map(({ alert: name, labels }) => `${name} ${labels.severity}`)).toContain(`${alert} ${severity}`);
    const page = readRunbook(alert);
    expect(statedMs(page.section("When it fires"), fires)).toBeGreaterThan(plan.serviceMs.fires);
    expect(page.section("When it resolves")).toContain(resolves);
  });

  test("runs every command of the page that it follows, and no other", () => {
    const [{ alert }] = plan.promised;
    expect(Object.values(plan.commands).toSorted()).toEqual([...new Set(readRunbook(alert).commands)].toSorted());
  });
});

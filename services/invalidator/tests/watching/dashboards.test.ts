import { describe, expect, test } from "@jest/globals";
import { type Dashboard, queriesOf, readDashboards } from "./dashboard-schema.js";
import { readAlerts } from "./rule-files.js";

const dashboards = readDashboards();
const overlaps = (a: Dashboard["panels"][number], b: Dashboard["panels"][number]): boolean => {
  const [p, q] = [a.gridPos, b.gridPos];
  return p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
};

test("there are the two questions", () => {
  expect(dashboards.map(({ title }) => title).toSorted()).toEqual(["Is anything stale?", "Why is it slow?"]);
});

test("alerts and links lead to dashboards that are there", () => {
  const uids = dashboards.map(({ uid }) => `/d/${uid}`);
  for (const { annotations } of readAlerts()) expect(uids).toContain(annotations.dashboard_url);
  for (const { links } of dashboards) for (const { url } of links) expect(uids).toContain(url);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))("%s", (_, dashboard) => {
  const { panels } = dashboard;

  test("has panels of their own place and number", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [at, one] of panels.entries()) {
      expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24);
      expect(panels.slice(at + 1).filter((other) => overlaps(one, other))).toEqual([]);
    }
  });

  test("asks only for the deployment that was chosen", () => {
    const common = /^max\(freshet:staleness_budget:seconds\)$/;
    const open = queriesOf(dashboard, "$job").filter(({ query }) => !query.includes('{job="$job"') && !common.test(query));
    expect(open).toEqual([]);
  });

  test("has a name for each of several queries of a panel", () => {
    for (const one of panels)
      if (one.type !== "row" && one.targets.length > 1) expect(one.targets.filter(({ legendFormat }) => legendFormat === "")).toEqual([]);
  });
});

import { expect, test } from "@jest/globals";
import { createAlertRecord, type SeenAlert } from "./alert-record.js";

const tired = { alert: "FreshetIsTired", severity: "critical" };
const seen = (state: SeenAlert["state"], severity = "critical", topic = "a"): SeenAlert => ({
  state,
  labels: { alertname: tired.alert, severity, topic },
});

test("an alert is pending, firing and over, each told once and with its time", () => {
  const record = createAlertRecord();
  expect(record.look([], 0)).toEqual([]);
  expect(record.look([seen("pending")], 10)).toEqual([{ ...tired, to: "pending", atMs: 10 }]);
  expect(record.look([seen("pending")], 20)).toEqual([]);
  expect(record.look([seen("firing")], 30)).toEqual([{ ...tired, to: "firing", atMs: 30 }]);
  expect(record.stateOf(tired)).toBe("firing");
  expect(record.look([], 40)).toEqual([{ ...tired, to: "silent", atMs: 40 }]);
  expect(record.stateOf(tired)).toBe("silent");
  expect([record.since(tired, "pending", 0), record.since(tired, "firing", 0), record.since(tired, "silent", 35)]).toEqual([10, 30, 40]);
  expect(record.since(tired, "firing", 31)).toBeNull();
});

test("one of several that fires is enough, and another severity is another alert", () => {
  const record = createAlertRecord();
  record.look([seen("firing", "critical", "a"), seen("pending", "critical", "b"), seen("pending", "warning")], 10);
  expect(record.stateOf(tired)).toBe("firing");
  expect(record.stateOf({ ...tired, severity: "warning" })).toBe("pending");
  expect(record.look([seen("pending", "critical", "b")], 20).map(({ severity, to }) => [severity, to])).toEqual([
    ["warning", "silent"],
    ["critical", "pending"],
  ]);
});

import { type KafkaRecord, type KeyBust, parseVersion } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createVersionRegressions } from "./version-regressions.js";

type Sent = readonly [subject: string, version: string, offset: number, atMs: number];

function slice(...sent: readonly Sent[]) {
  const records = sent.map(([, , offset, timestampMs]) => ({ offset, timestampMs }) as KafkaRecord);
  const mapped = sent.map(([subject, version]) => ({
    kind: "busts" as const,
    busts: [{ subject, version: parseVersion(version) } as KeyBust],
  }));
  return { records, mapped };
}

const minute = 60_000;

describe("a version regression", () => {
  test("is an older version, written more than a minute after a newer one", () => {
    const watch = createVersionRegressions();
    expect(watch.count(slice(["p/1", "10", 1, 0], ["p/2", "3", 2, 0]), "t/0")).toBe(0);
    expect(watch.count(slice(["p/1", "9", 3, 2 * minute], ["p/1", "11", 4, 2 * minute], ["p/2", "2", 5, 2 * minute]), "t/0")).toBe(2);
  });

  test("goes on until the source has counted up to where it was", () => {
    const watch = createVersionRegressions();
    watch.count(slice(["p/1", "10", 1, 0]), "t/0");
    expect(watch.count(slice(["p/1", "8", 2, 2 * minute], ["p/1", "9", 3, 3 * minute], ["p/1", "10", 4, 4 * minute]), "t/0")).toBe(2);
  });

  test.each([
    ["late event", "9", 2, minute, "t/0"],
    ["duplicate", "10", 2, 9 * minute, "t/0"],
    ["redelivery", "9", 1, 9 * minute, "t/0"],
    ["record of another partition", "9", 2, 9 * minute, "t/1"],
  ])("is no %s", (_, version, offset, atMs, partition) => {
    const watch = createVersionRegressions();
    watch.count(slice(["p/1", "10", 1, 0]), "t/0");
    expect(watch.count(slice(["p/1", version, offset, atMs]), partition)).toBe(0);
  });

  test("is not looked for in records without a version", () => {
    const watch = createVersionRegressions();
    watch.count(slice(["p/1", "10", 1, 0]), "t/0");
    expect(watch.count(slice(["p/1", "none", 2, 9 * minute]), "t/0")).toBe(0);
  });

  test("is known of the subjects seen last, in bounded memory", () => {
    const watch = createVersionRegressions(8);
    watch.count(slice(["p/kept", "10", 0, 0], ["p/gone", "10", 1, 0]), "t/0");
    for (let at = 2; at < 40; at++) watch.count(slice([`p/${at}`, "1", at, 0], ["p/kept", "10", at, 0]), "t/0");
    expect(watch.count(slice(["p/kept", "9", 41, 2 * minute]), "t/0")).toBe(1);
    expect(watch.count(slice(["p/gone", "9", 42, 2 * minute]), "t/0")).toBe(0);
  });
});

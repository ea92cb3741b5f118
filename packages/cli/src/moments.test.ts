import { describe, expect, test } from "@jest/globals";
import { readMoment } from "./moments.js";

const NOW_MS = Date.parse("2026-11-21T03:00:00Z");

describe("a moment on the command line", () => {
  test.each([
    ["90m", "2026-11-21T01:30:00.000Z"],
    ["45s", "2026-11-21T02:59:15.000Z"],
    ["24h", "2026-11-20T03:00:00.000Z"],
    ["7d", "2026-11-14T03:00:00.000Z"],
    ["999999999d", "1970-01-01T00:00:00.000Z"],
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T10:00Z", "2026-11-20T10:00:00.000Z"],
    ["2026-11-20T10:00:01.5Z", "2026-11-20T10:00:01.500Z"],
    ["2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000Z"],
  ])("%s", (text, instant) => {
    expect(new Date(readMoment(text, "--since", NOW_MS)).toISOString()).toBe(instant);
  });

  test.each(["", "now", "5", "5w", "-5m", "2026-11-20T10:00", "2026-02-30", "2026-13-01", "20.11.2026", "2026-11-20T25:00Z"])(
    "%p is refused with its option's name",
    (text) => {
      expect(() => readMoment(text, "--since", NOW_MS)).toThrow(
        expect.objectContaining({ code: "FR1001", disposition: "usage", message: "--since is not a time" }),
      );
    },
  );
});

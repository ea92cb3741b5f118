import type { RecordHeader } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readTraceparent } from "./traceparent.js";

const [traceId, spanId] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const header = (name: string, value: string | null): RecordHeader => ({ name, value: value === null ? null : Buffer.from(value) });
const read = (text: string | null) => readTraceparent([header("traceparent", text)]);

describe("the producer's place in its trace", () => {
  test("is read from W3C's header", () => {
    expect(read(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
    expect(read(`00-${traceId}-${spanId}-00`)).toMatchObject({ traceFlags: 0 });
  });

  test("knows of a version to come what today's has", () => {
    expect(read(`cc-${traceId}-${spanId}-03-what-the-future-brings`)).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
  });

  test("is that of the record's creation where a CloudEvent says it, not that of its last hop", () => {
    const other = "a".repeat(16);
    const headers = [header("traceparent", `00-${traceId}-${other}-01`), header("ce_traceparent", `00-${traceId}-${spanId}-01`)];
    expect(readTraceparent(headers)).toMatchObject({ spanId });
    expect(readTraceparent([...headers.slice(0, 1), header("ce_traceparent", "?")])).toMatchObject({ spanId: other });
  });

  test.each([
    null,
    "",
    "00",
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `01-${traceId}-${spanId}-01-${"x".repeat(1000)}`,
  ])("is nothing where the header is %j", (text) => {
    expect(read(text)).toBeNull();
  });

  test("is nothing, and no error, whatever else a header holds", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.stringMatching(/^[0-9a-f-]{0,60}$/).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(noise, (value) => {
        const found = readTraceparent([{ name: "traceparent", value }]);
        expect(found === null || /^[0-9a-f]{32}$/.test(found.traceId)).toBe(true);
      }),
    );
  });
});

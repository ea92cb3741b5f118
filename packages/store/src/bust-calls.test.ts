import { type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { planBustCalls } from "./bust-calls.js";
import { scripts } from "./generated/scripts.js";

const managed: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 9_000, staleTtlMs: 60_000 };
const json: EntrySpec = { kind: "json", versionField: "rev", onUnversioned: "keep", gate: false, floorTtlMs: 9_000, staleTtlMs: 60_000 };

function bust(key: string, change: Partial<KeyBust> = {}): KeyBust {
  const version = parseVersion("5");
  return {
    target: "key",
    key,
    family: "f",
    entry: managed,
    subject: "p/1",
    version,
    spaceKind: "counter",
    mode: "hard",
    rule: "r",
    ...change,
  };
}

test("one shape is one call, arguments in the order of the script's header", () => {
  const [call, ...more] = planBustCalls([bust("a"), bust("b", { subject: "p/2", version: null })], "apply");
  expect(more).toEqual([]);
  expect(call).toEqual({
    keys: ["a", "b"],
    args: ["managed", "", "counter", "bust", "9000000", "leave", "apply", "p/1", "5", "p/2", ""],
    positions: [0, 1],
  });
  expect(scripts.bust.arguments).toEqual(["kind", "field", "space", "unversioned", "floorTtlUs", "floor", "run"]);
  expect(scripts.bust.perKey).toEqual(["subject", "version"]);
});

test("other specs and space kinds are other calls; equal specs of two objects meet", () => {
  const busts = [bust("a"), bust("b", { entry: json }), bust("c", { spaceKind: "timestamp" }), bust("d", { entry: { ...managed } })];
  const calls = planBustCalls(busts, "preview");
  expect(calls.map(({ keys, args, positions }) => [keys, args.slice(0, 7), positions])).toEqual([
    [
      ["a", "d"],
      ["managed", "", "counter", "bust", "9000000", "leave", "preview"],
      [0, 3],
    ],
    [["b"], ["json", "rev", "counter", "keep", "9000000", "none", "preview"], [1]],
    [["c"], ["managed", "", "timestamp", "bust", "9000000", "leave", "preview"], [2]],
  ]);
});

test("a call carries as many keys as the script's header allows", () => {
  const calls = planBustCalls(
    Array.from({ length: 450 }, (_, i) => bust(String(i))),
    "apply",
  );
  expect(calls.map((call) => call.keys.length)).toEqual([200, 200, 50]);
  expect(scripts.bust.keysMax).toBe(200);
  expect(calls.flatMap((call) => call.positions)).toEqual(Array.from({ length: 450 }, (_, i) => i));
});

test.each(["p/1\t9", "p/1\np/2", "p\u0000"])("a subject that could forge a floor is refused: %j", (subject) => {
  expect(() => planBustCalls([bust("a", { subject })], "apply")).toThrow(expect.objectContaining({ code: "FR9001" }));
});

test("keys of different places never share a call", () => {
  const groupOf = (key: string) => key.slice(0, 1);
  const calls = planBustCalls(
    ["a1", "b1", "a2", "b2", "a3"].map((key) => bust(key)),
    { run: "apply", groupOf },
  );
  expect(calls.map(({ keys, positions }) => [keys, positions])).toEqual([
    [
      ["a1", "a2", "a3"],
      [0, 2, 4],
    ],
    [
      ["b1", "b2"],
      [1, 3],
    ],
  ]);
});

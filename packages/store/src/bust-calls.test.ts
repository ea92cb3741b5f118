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
  const [call, ...more] = planBustCalls([bust("a"), bust("b", { subject: "p/2", version: null })], { run: "apply", prefix: "fr:" });
  expect(more).toEqual([]);
  expect(call).toEqual({
    script: "bust",
    keys: ["a", "b"],
    args: ["counter", "hard", "bust", "9000000", "60000000", "leave", "apply", "p/1", "5", "p/2", ""],
    positions: [0, 1],
  });
  expect(scripts.bust.arguments).toEqual(["space", "mode", "unversioned", "floorTtlUs", "staleTtlUs", "floor", "run"]);
  expect(scripts.bust.perKey).toEqual(["subject", "version"]);
});

test("entries of existing services go to the other script, with the keys that belong to them", () => {
  const gated = { ...json, gate: true };
  const [call, ...more] = planBustCalls([bust("a", { entry: gated }), bust("{t}b", { entry: gated })], { run: "apply", prefix: "fr:" });
  expect(more).toEqual([]);
  expect(call).toEqual({
    script: "bust-other",
    keys: ["a", "fr:g:k:{a}", "{t}b", "fr:g:t:{t}b"],
    args: ["json", "rev", "counter", "keep", "9000000", "gate", "apply", "p/1", "5", "p/1", "5"],
    positions: [0, 1],
  });
  expect(scripts["bust-other"].arguments).toEqual(["kind", "field", "space", "unversioned", "floorTtlUs", "gate", "run"]);
  const companion: EntrySpec = { ...json, kind: "companion", versionField: "" };
  const one = bust("a", { entry: companion, versionKey: "{a}v" });
  expect(planBustCalls([one], { run: "apply", prefix: "fr:" })[0]?.keys).toEqual(["a", "{a}v"]);
  const both = { ...one, entry: { ...companion, gate: true } };
  expect(planBustCalls([both], { run: "apply", prefix: "fr:" })[0]?.keys).toEqual(["a", "fr:g:k:{a}", "{a}v"]);
});

test("a subject is sent where a floor is left, and nowhere else", () => {
  const subjectOf = (entry: EntrySpec) => planBustCalls([bust("a", { entry })], { run: "apply", prefix: "fr:" })[0]?.args[7];
  const hash: EntrySpec = { ...json, kind: "hash" };
  expect([managed, { ...json, gate: true }, { ...hash, gate: true }].map(subjectOf)).toEqual(["p/1", "p/1", "p/1"]);
  expect([json, hash, { ...json, kind: "opaque", gate: true } as const].map(subjectOf)).toEqual(["", "", ""]);
  const [swept] = planBustCalls([bust("a")], { run: "apply", prefix: "fr:", floor: "none" });
  expect(swept?.args[7]).toBe("p/1"); // what a managed entry holds is found by its subject
});

test("other specs, modes and space kinds are other calls; equal specs of two objects meet", () => {
  const busts = [
    bust("a"),
    bust("b", { entry: json }),
    bust("c", { spaceKind: "timestamp" }),
    bust("d", { entry: { ...managed } }),
    bust("e", { mode: "soft" }),
  ];
  const calls = planBustCalls(busts, { run: "preview", prefix: "fr:", floor: "none" });
  const common = ["bust", "9000000", "60000000", "none", "preview"];
  expect(calls.map(({ keys, args, positions }) => [keys, args.slice(0, 7), positions])).toEqual([
    [
      ["a", "d"],
      ["counter", "hard", ...common],
      [0, 3],
    ],
    [["b"], ["json", "rev", "counter", "keep", "9000000", "none", "preview"], [1]],
    [["c"], ["timestamp", "hard", ...common], [2]],
    [["e"], ["counter", "soft", ...common], [4]],
  ]);
});

test("keys beside entries count as keys of a call", () => {
  const entry: EntrySpec = { ...json, kind: "companion", gate: true };
  const busts = Array.from({ length: 100 }, (_, i) => bust(String(i), { entry, versionKey: `${i}v` }));
  const calls = planBustCalls(busts, { run: "apply", prefix: "fr:" });
  expect(calls.map(({ keys, positions }) => [keys.length, positions.length])).toEqual([
    [198, 66],
    [102, 34],
  ]);
});

test("what cannot be called is refused", () => {
  const plan = (change: Partial<KeyBust>, groupOf = (_key: string) => "") =>
    planBustCalls([bust("a", change)], { run: "apply", prefix: "fr:", groupOf });
  const companion: EntrySpec = { ...json, kind: "companion" };
  expect(() => plan({ entry: json, mode: "soft" })).toThrow(expect.objectContaining({ code: "FR1004" }));
  expect(() => plan({ entry: companion })).toThrow(expect.objectContaining({ code: "FR1006" }));
  expect(() => plan({ entry: companion, versionKey: "v" }, (key) => key)).toThrow(expect.objectContaining({ code: "FR1006" }));
});

test("a call carries as many keys as the script's header allows", () => {
  const calls = planBustCalls(
    Array.from({ length: 450 }, (_, i) => bust(String(i))),
    { run: "apply", prefix: "fr:" },
  );
  expect(calls.map((call) => call.keys.length)).toEqual([200, 200, 50]);
  expect(scripts.bust.keysMax).toBe(200);
  expect(calls.flatMap((call) => call.positions)).toEqual(Array.from({ length: 450 }, (_, i) => i));
});

test.each(["p/1\t9", "p/1\np/2", "p\u0000"])("a subject that could forge a floor is refused: %j", (subject) => {
  expect(() => planBustCalls([bust("a", { subject })], { run: "apply", prefix: "fr:" })).toThrow(
    expect.objectContaining({ code: "FR9001" }),
  );
});

test("keys of different places never share a call", () => {
  const groupOf = (key: string) => key.slice(0, 1);
  const calls = planBustCalls(
    ["a1", "b1", "a2", "b2", "a3"].map((key) => bust(key)),
    { run: "apply", prefix: "fr:", groupOf },
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

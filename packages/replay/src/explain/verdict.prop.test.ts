import { parseVersion, type Version } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createWorld, RULES } from "../../tests/explain-world.js";

const small = fc.integer({ min: 1, max: 4 }).map(String);
const entry = fc.oneof(
  fc.record({ kind: fc.constant("product" as const), dep: fc.option(small) }),
  fc.record({ kind: fc.constant("old" as const), dep: fc.option(fc.oneof(small, fc.constant("none"))) }),
);

/** What a bust would do to what is there now is what explain says of a consumed event; where nothing is there, that it removed it. */
test("verdicts of consumed events are the outcomes that their busts would have", async () => {
  await fc.assert(
    fc.asyncProperty(entry, small, fc.constantFrom("bust", "keep"), async ({ kind, dep }, version, onUnversioned) => {
      const world = await createWorld(RULES.replace("version: version }", `version: version, onUnversioned: ${onUnversioned} }`));
      const key = `${kind}:42`;
      const digits = parseVersion(dep ?? "");
      const deps = new Map<string, Version>(digits === null ? [["price/42", version as Version]] : [["catalog.product/42", digits]]);
      await world.send({ subject: "42", version });
      await world.skip(); // the floor of a bust would answer its preview
      if (kind === "product" && dep !== null) await world.store.seed.putManaged(key, { value: "v", deps });
      if (kind === "old" && dep !== null) await world.store.seed.putJson(key, { text: `{"version":"${dep}"}` });
      const { events } = (await world.explain(key, kind)).explanation;
      const expected = await outcomeOf(world, { key, kind, version });
      expect(events?.list.map(({ verdict }) => verdict)).toEqual([expected]);
    }),
    { numRuns: 200 },
  );
}, 180_000);

async function outcomeOf(
  { store, rules }: Awaited<ReturnType<typeof createWorld>>,
  { key, kind, version }: { key: string; kind: string; version: string },
): Promise<string> {
  const family = rules.families.get(kind);
  const parsed = parseVersion(version);
  if (family === undefined || parsed === null) throw new Error("unreachable");
  const { name, entry: spec } = family;
  const about = { target: "key", key, family: name, entry: spec, subject: "catalog.product/42", version: parsed } as const;
  const [outcome] = await store.preview([{ ...about, spaceKind: "counter", mode: "hard", rule: "r" }]);
  if (outcome === "unversioned") return spec.onUnversioned === "keep" ? "unversioned" : "removed";
  return outcome === "covered" ? "covered" : "removed";
}

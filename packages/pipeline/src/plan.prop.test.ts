import { compareVersions, type KeyBust, parseVersion } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Mapped } from "./map.js";
import { plan } from "./plan.js";

const bustArbitrary: fc.Arbitrary<KeyBust> = fc
  .record({
    key: fc.constantFrom("k1", "k2", "k1\ns/a\nhard", "k1\ns/a\nhard*"),
    id: fc.constantFrom("a", "b"),
    version: fc.option(fc.nat(30)),
    soft: fc.boolean(),
  })
  .map(({ key, id, version, soft }) => ({
    target: "key",
    key,
    family: "f",
    entry: { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 1000, staleTtlMs: 0 },
    subject: `s/${id}`,
    version: version === null ? null : parseVersion(String(version)),
    spaceKind: "counter",
    mode: soft ? "soft" : "hard",
    rule: "r",
  }));
const mappedArbitrary: fc.Arbitrary<Mapped> = fc.oneof(
  { weight: 5, arbitrary: fc.array(bustArbitrary, { maxLength: 4 }).map((busts): Mapped => ({ kind: "busts", busts })) },
  { weight: 1, arbitrary: fc.constant<Mapped>({ kind: "no_match" }) },
);
const isAtLeast = (a: KeyBust, b: KeyBust): boolean =>
  a.version === b.version || (a.version !== null && b.version !== null && compareVersions(a.version, b.version) > 0);
const sameTarget = (a: KeyBust, b: KeyBust): boolean =>
  a.key === b.key && a.subject === b.subject && a.mode === b.mode && (a.version === null) === (b.version === null);

test("each bust is answered by one of its key, subject and mode that is at least as high, and no bust is made up", () => {
  fc.assert(
    fc.property(fc.array(mappedArbitrary, { maxLength: 30 }), (mapped) => {
      const planned = plan(mapped);
      const asked = mapped.flatMap((record) => (record.kind === "busts" ? record.busts : []));
      mapped.forEach((record, at) => {
        const busts = record.kind === "busts" ? record.busts : [];
        const answers = (planned.answers[at] ?? []).map((place) => planned.busts[place]);
        expect(answers).toHaveLength(busts.length);
        busts.forEach((bust, i) => {
          const answer = answers[i];
          expect(answer !== undefined && sameTarget(answer, bust) && isAtLeast(answer, bust)).toBe(true);
        });
      });
      for (const bust of planned.busts) expect(asked).toContain(bust);
    }),
    { numRuns: 2000, verbose: 1 },
  );
});

test("one bust goes out for each key, subject and mode, and blind ones stay apart", () => {
  fc.assert(
    fc.property(fc.array(mappedArbitrary, { maxLength: 30 }), (mapped) => {
      const { busts } = plan(mapped);
      const doubles = busts.filter((bust, at) => busts.some((other, j) => j < at && sameTarget(bust, other)));
      expect(doubles).toEqual([]);
    }),
    { numRuns: 1000, verbose: 1 },
  );
});

import { type Bust, compareVersions, type KeyBust, parseVersion, type TagBust } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Mapped } from "./map.js";
import { type Plan, plan } from "./plan.js";

const originArbitrary = fc
  .record({ id: fc.constantFrom("a", "b"), version: fc.option(fc.nat(30)), soft: fc.boolean() })
  .map(({ id, version, soft }) => ({
    subject: `s/${id}`,
    version: version === null ? null : parseVersion(String(version)),
    spaceKind: "counter" as const,
    mode: soft ? ("soft" as const) : ("hard" as const),
    rule: "r",
  }));
const keyArbitrary: fc.Arbitrary<KeyBust> = fc
  .record({ key: fc.constantFrom("k1", "k2", "k1\ns/a\nhard", "k1\ns/a\nhard*"), origin: originArbitrary })
  .map(({ key, origin }) => ({
    target: "key",
    key,
    family: "f",
    entry: { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 1000, staleTtlMs: 0 },
    ...origin,
  }));
const tagArbitrary: fc.Arbitrary<TagBust> = fc
  .record({ target: fc.constantFrom("tag" as const, "epoch" as const), tag: fc.constantFrom("k1", "t2"), origin: originArbitrary })
  .map(({ target, tag, origin }) => ({ target, tag, spec: { floorTtlMs: 1000, skewMs: 1 }, ...origin }));
const bustArbitrary: fc.Arbitrary<Bust> = fc.oneof(keyArbitrary, tagArbitrary);
const mappedArbitrary: fc.Arbitrary<Mapped> = fc.oneof(
  { weight: 5, arbitrary: fc.array(bustArbitrary, { maxLength: 4 }).map((busts): Mapped => ({ kind: "busts", busts })) },
  { weight: 1, arbitrary: fc.constant<Mapped>({ kind: "no_match" }) },
);
const isAtLeast = (a: Bust, b: Bust): boolean =>
  a.version === b.version || (a.version !== null && b.version !== null && compareVersions(a.version, b.version) > 0);
const placeOf = (bust: Bust): string => `${bust.target} ${bust.target === "key" ? bust.key : bust.tag}`;
const sameTarget = (a: Bust, b: Bust): boolean =>
  placeOf(a) === placeOf(b) && a.subject === b.subject && a.mode === b.mode && (a.version === null) === (b.version === null);
const answerAt = ({ busts, tagBusts }: Plan, at: number): Bust | undefined => (at >= 0 ? busts[at] : tagBusts[~at]);

test("each bust is answered by one of its target, subject and mode that is at least as high, and no bust is made up", () => {
  fc.assert(
    fc.property(fc.array(mappedArbitrary, { maxLength: 30 }), (mapped) => {
      const planned = plan(mapped);
      const asked = mapped.flatMap((record) => (record.kind === "busts" ? record.busts : []));
      mapped.forEach((record, at) => {
        const busts = record.kind === "busts" ? record.busts : [];
        const answers = (planned.answers[at] ?? []).map((place) => answerAt(planned, place));
        expect(answers).toHaveLength(busts.length);
        busts.forEach((bust, i) => {
          const answer = answers[i];
          expect(answer !== undefined && sameTarget(answer, bust) && isAtLeast(answer, bust)).toBe(true);
        });
      });
      for (const bust of [...planned.busts, ...planned.tagBusts]) expect(asked).toContain(bust);
    }),
    { numRuns: 2000, verbose: 1 },
  );
});

test("one bust goes out for each target, subject and mode, and blind ones stay apart", () => {
  fc.assert(
    fc.property(fc.array(mappedArbitrary, { maxLength: 30 }), (mapped) => {
      const { busts, tagBusts } = plan(mapped);
      const all: readonly Bust[] = [...busts, ...tagBusts];
      const doubles = all.filter((bust, at) => all.some((other, j) => j < at && sameTarget(bust, other)));
      expect(doubles).toEqual([]);
    }),
    { numRuns: 1000, verbose: 1 },
  );
});

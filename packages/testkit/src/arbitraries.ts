import { parseVersion, type Version } from "@freshet/protocol";
import fc from "fast-check";

const DIGITS_MAX = 20;
const VERSION_END = 10n ** BigInt(DIGITS_MAX);
const NUMBER_EDGE = 2n ** 53n; // where JavaScript's and Lua's numbers begin to lose digits

const toVersion = (value: bigint): Version => {
  const version = parseVersion(value.toString());
  if (version === null) throw new Error(`${value} is not a version`);
  return version;
};
const inRange = (value: bigint): bigint => (value < 0n ? 0n : value >= VERSION_END ? VERSION_END - 1n : value);

/** Whole numbers where mistakes live: small ones, powers of ten, around 2^53 and at the end, and any others. */
const integer = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 100n }),
    fc.bigInt({ min: 0n, max: VERSION_END - 1n }),
    fc.bigInt({ min: -3n, max: 3n }).map((distance) => NUMBER_EDGE + distance),
    fc.tuple(fc.nat(DIGITS_MAX), fc.bigInt({ min: -1n, max: 1n })).map(([digits, distance]) => 10n ** BigInt(digits) + distance),
  )
  .map(inRange);

/** Canonical versions of 1 to 20 digits. */
const version: fc.Arbitrary<Version> = integer.map(toVersion);

/** Two versions, half of the time equal or neighbours. */
const versionPair: fc.Arbitrary<readonly [Version, Version]> = fc.oneof(
  fc.tuple(version, version),
  fc
    .tuple(integer, fc.bigInt({ min: -1n, max: 1n }))
    .map(([value, distance]) => [toVersion(value), toVersion(inRange(value + distance))] as const),
);

/** Texts that look like a version and are none. */
const notVersion: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "-1", "+1", "01", "00", "1.0", "1e3", "0x10", " 1", "1 ", "1\n", "١", "NaN", "null", "1_000"),
  version.map((text) => `0${text}`),
  version.map((text) => `-${text}`),
  fc.bigInt({ min: VERSION_END, max: VERSION_END ** 2n }).map(String),
);

const space: fc.Arbitrary<string> = fc.constantFrom("catalog.product", "db.product", "orders", "a");

/** Ids as events bring them: plain ones, and ones with the separators of keys, braces, spaces and characters beyond ASCII. */
const id: fc.Arbitrary<string> = fc.oneof(
  fc.nat().map(String),
  fc.uuid(),
  fc.string({ unit: fc.constantFrom("a", "Z", "0", ":", "/", ",", "%", "{", "}", " ", "\n", "\u007f", "é", "水", "🐟"), minLength: 1 }),
);

/** Subjects of the protocol, `<space>/<id>`. */
const subject: fc.Arbitrary<string> = fc.tuple(space, id).map(([name, rest]) => `${name}/${rest}`);

/** What property tests draw from. */
export const arbitraries = { version, versionPair, notVersion, space, id, subject } as const;

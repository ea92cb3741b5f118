import { parseVersion, type Version } from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { StoredKey } from "../src/memory-keyspace.js";
import { pickFrom } from "./cases.js";

export const VERSIONS: readonly Version[] = [
  ...["0", "1", "2", "9", "10", "11", "99", "100", "9007199254740991", "9007199254740992", "9007199254740993"],
  ...["18446744073709551614", "18446744073709551615", "99999999999999999999"],
].flatMap((digits) => parseVersion(digits) ?? []);

export const UNREADABLE_VERSIONS = ["", "007", "-5", " 7", "1.0", "1e3", "x", "123456789012345678901", "9 ", "0x1"] as const;

const AT = "1700000000000000";
/** Each begins as marks do: a string that does not is another service's. */
export const UNREADABLE_MARKS: readonly string[] = [
  `\n${AT}hp/1\t05`,
  `${AT}hp/1\t`,
  `${AT}hp/1\t5\n${AT}hp/2\t6`,
  `\n${AT}qp/1\t5`,
  `\n${AT}h*\t5`,
  `\n${AT}H*\t`,
  `\n17hp/1\t5`,
  `\n${AT}hp/1\t5\n`,
  `\n${AT}hp/1\t5\nlt\t1`,
  `\nlt\t1\t12345678901234567`,
];

/** Strings of other services at a managed key, some of them much like floors. */
export const FOREIGN_TEXTS: readonly string[] = ["a string", "", "12\nx", `${AT}qp/1\t5`, `x${AT.slice(1)}hp/1\t5`, `1${AT}p/1\t5`];

const UNREADABLE_JSON = [
  '{"version":"007"}',
  '{"version":1.0}',
  '{"version":1e3}',
  '{"version":-5}',
  '{"version":null}',
  '{"version":["5"]}',
  '{"other":5}',
  '{"a":{"version":"99999999999999999999"}}',
  '{"version":"5"',
  '{"version":"5"} x',
  '{"version":"5",}',
  '{"a":[},"version":"5"}',
  '["version","5"]',
  "",
  "{}",
  '{"version":"99999999999999999999","version":"x"}',
];

/** A `hash` entry of this version; `null`: one that cannot be read. */
export function hashContent(rng: Rng, version: Version | null): StoredKey["content"] {
  const digits = version ?? pickFrom(rng, UNREADABLE_VERSIONS);
  const isThere = version !== null || rng.chance(0.7);
  return new Map([["body", "payload"], ...(isThere ? [["version", digits] as const] : [])]);
}

export function prefixContent(rng: Rng, version: Version | null): StoredKey["content"] {
  if (version !== null) return `${version}\n${pickFrom(rng, ["", "payload", "7\n", "x".repeat(50)])}`;
  return pickFrom(rng, [...UNREADABLE_VERSIONS.map((digits) => `${digits}\npayload`), "5", "", "payload", "5\r\n"]);
}

export function jsonContent(rng: Rng, version: Version | null): StoredKey["content"] {
  if (version === null) return pickFrom(rng, UNREADABLE_JSON);
  const quoted = rng.chance(0.5) ? `"${version}"` : version;
  const member = `"version"${pickFrom(rng, ["", " ", "\n\t"])}:${pickFrom(rng, ["", " "])}${quoted}`;
  const others = [
    '"a":{"version":"1"}',
    '"b":[{"version":2},"}\\"{"]',
    '"c":"\\\\"',
    '"version ":7',
    '"d":-1.5e9',
    `"e":"${"x".repeat(50)}"`,
  ];
  const members = others.filter(() => rng.chance(0.4));
  members.splice(rng.integer(0, members.length), 0, member);
  return `${pickFrom(rng, ["", " \n"])}{${members.join(pickFrom(rng, [",", " , "]))}}${pickFrom(rng, ["", "\n"])}`;
}

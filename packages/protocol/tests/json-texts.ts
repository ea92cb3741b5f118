import fc from "fast-check";

/** JSON texts as nobody writes them and some producer does: odd blanks, escapes, numbers, names twice. Few names, so that paths hit. */
export const names = ["a", "b", "price", "previous", "__proto__", "constructor", "größe", "0", "length"] as const;

const blank = fc.constantFrom("", "", "", "", " ", "\n\t", "\r\n  ");
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
  fc.constantFrom(
    "0",
    "-0",
    "0.0",
    "1e3",
    "1E+3",
    "1e-3",
    "1.0",
    "1e400",
    "9007199254740993",
    "-9007199254740993",
    "999999999999999",
    "9007199254740991",
  ),
);
const text = fc.oneof(
  fc.string({ maxLength: 8 }).map((value) => JSON.stringify(value)),
  fc.string({ unit: "grapheme", maxLength: 4 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '""',
    '"5"',
    '"\\u0041"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\u0000"',
    '"a\\/b"',
    '"\\"\\\\\\b\\f\\n\\r\\t"',
    '"\u007f"',
    '"😀"',
    '"ü"',
    '"\ufeff"',
  ),
);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...names).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom('"\\u0061"', '"pr\\u0069ce"', '"a\\"b"', '""', '"x"') },
);

const grammar = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, number, text, fc.constantFrom("true", "false", "null"), tie("list"), tie("object"), tie("object")),
  list: fc.tuple(blank, fc.array(tie("value"), { maxLength: 3 })).map(([space, items]) => `[${space}${items.join(`${space},`)}${space}]`),
  object: fc
    .tuple(blank, fc.array(fc.tuple(name, blank, tie("value")), { maxLength: 5 }))
    .map(
      ([space, members]) =>
        `{${space}${members.map(([key, inner, value]) => `${key}${inner}:${inner}${value}`).join(`${space},${space}`)}${space}}`,
    ),
}));

export const jsonValueText = grammar.value;
export const jsonObjectText = grammar.object;

/** Nothing, or a change of one byte: what cuts and flipped bits make of a text. */
export const damage = fc.option(
  fc.record({
    kind: fc.constantFrom("replace", "insert", "remove", "cut"),
    at: fc.nat(),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...'{}[]:,"\\0-.eE \n\u0000'.split("").map((c) => c.charCodeAt(0)))),
  }),
  { freq: 2 },
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

export function damaged(bytes: Uint8Array, how: Damage): Uint8Array {
  if (how === null || bytes.length === 0) return bytes;
  const at = how.at % bytes.length;
  const list = [...bytes];
  if (how.kind === "cut") return bytes.slice(0, at);
  if (how.kind === "remove") list.splice(at, 1);
  else list.splice(at, how.kind === "insert" ? 0 : 1, how.byte);
  return Uint8Array.from(list);
}

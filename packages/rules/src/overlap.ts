import type { Escape, Template } from "./template.js";

/**
 * Whether two templates can make the same key, and whether one template can make the same key from different
 * parameters. Both are questions about automata: every template is turned into one that accepts exactly the keys it
 * can make (parameters are not empty; escaped ones have no `:` `,` `{` `}` space or control characters, and `%` only
 * as the start of an escape), and two of them are walked side by side. The length limit of keys is left aside.
 */
export function canMakeSameKey(a: Template, b: Template): boolean {
  if (startsApart(a, b)) return false;
  return walk([automatonOf(a), automatonOf(b)], alphabetOf(a, b), (at, end) => at[0] === end[0] && at[1] === end[1]);
}

/** The quick answer for most pairs: both begin with literal text, and not with the same. */
function startsApart(a: Template, b: Template): boolean {
  const [first = "", second = ""] = [a, b].map(({ parts: [part] }) => (part !== undefined && "literal" in part ? part.literal : ""));
  const length = Math.min(first.length, second.length);
  return first.slice(0, length) !== second.slice(0, length);
}

/** Whether different parameter values can make the same key, as in `{a}-{b}` with `1-2`, `3` and `1`, `2-3`. */
export function isAmbiguous(template: Template): boolean {
  const automaton = automatonOf(template);
  return walk([automaton, automaton], alphabetOf(template, template), (at, end) => at[0] === end[0] && at[1] === end[1] && at[2]);
}

interface Step {
  /** The character, or a class of them. */
  readonly takes: string | ((character: string) => boolean);
  readonly to: number;
}

interface Automaton {
  readonly steps: readonly (readonly Step[])[];
  readonly end: number;
}

/** States of both automata, and whether they ever parted. */
type Pair = readonly [number, number, boolean];

function walk(
  automata: readonly [Automaton, Automaton],
  alphabet: readonly string[],
  found: (at: Pair, end: readonly [number, number]) => boolean,
): boolean {
  const [a, b] = automata;
  const seen = new Set<number>();
  const open: Pair[] = [[0, 0, false]];
  while (open.length > 0) {
    const at = open.pop() ?? [0, 0, false];
    if (found(at, [a.end, b.end])) return true;
    for (const next of nextPairs(at, automata, alphabet)) {
      const key = (next[0] * b.steps.length + next[1]) * 2 + (next[2] ? 1 : 0);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
  }
  return false;
}

function* nextPairs(at: Pair, [a, b]: readonly [Automaton, Automaton], alphabet: readonly string[]): Generator<Pair> {
  for (const left of a.steps[at[0]] ?? []) {
    for (const right of b.steps[at[1]] ?? []) {
      if (!share(left.takes, right.takes, alphabet)) continue;
      yield [left.to, right.to, at[2] || left.to !== right.to];
    }
  }
}

function share(a: Step["takes"], b: Step["takes"], alphabet: readonly string[]): boolean {
  if (typeof a === "string") return typeof b === "string" ? a === b : b(a);
  return typeof b === "string" ? a(b) : alphabet.some((character) => a(character) && b(character));
}

/** Every character that makes a difference: those of both texts, those of escapes, and one that is none of them. */
function alphabetOf(a: Template, b: Template): readonly string[] {
  const letters = new Set([..."0123456789ABCDEF%", ...a.text, ...b.text]);
  let other = 0x3b1;
  while (letters.has(String.fromCodePoint(other))) other += 1;
  return [...letters, String.fromCodePoint(other)];
}

function automatonOf({ parts, escape: escaping }: Template): Automaton {
  const steps: Step[][] = [[]];
  let at = 0;
  const newState = (): number => steps.push([]) - 1;
  const add = (from: number, takes: Step["takes"], to: number): void => {
    steps[from]?.push({ takes, to });
  };
  for (const part of parts) {
    if ("literal" in part) {
      for (const character of part.literal) {
        const next = newState();
        add(at, character, next);
        at = next;
      }
    } else {
      const inside = newState();
      addParameter({ escaping, at, inside, newState, add });
      at = inside;
    }
  }
  return { steps, end: at };
}

interface Building {
  readonly escaping: Escape;
  readonly at: number;
  readonly inside: number;
  readonly newState: () => number;
  readonly add: (from: number, takes: Step["takes"], to: number) => void;
}

/** One or more units: a plain character, or an escape. What follows the parameter starts at `inside` as well. */
function addParameter({ escaping, at, inside, newState, add }: Building): void {
  for (const from of [at, inside]) {
    if (escaping === "none") {
      add(from, () => true, inside);
      continue;
    }
    add(from, (character) => !/[%:,{} \p{Cc}]/u.test(character), inside);
    for (const [lead, seconds] of escapes) {
      const first = newState();
      const second = newState();
      add(from, "%", first);
      add(first, lead, second);
      add(second, seconds, inside);
    }
    addTwoByteEscape(from, { escaping, at, inside, newState, add });
  }
}

const hex = (digits: string) => (character: string) => digits.includes(character);
/** First and second digit of the one-byte escapes: %00-%1F %20 %25 %2C %3A %7B %7D %7F. */
const escapes: readonly (readonly [string, Step["takes"]])[] = [
  ["0", hex("0123456789ABCDEF")],
  ["1", hex("0123456789ABCDEF")],
  ["2", hex("05C")],
  ["3", "A"],
  ["7", hex("BDF")],
];

/** U+0080 to U+009F: %C2%80 to %C2%9F. */
function addTwoByteEscape(from: number, { inside, newState, add }: Building): void {
  let at = from;
  for (const takes of ["%", "C", "2", "%", hex("89")]) {
    const next = newState();
    add(at, takes, next);
    at = next;
  }
  add(at, hex("0123456789ABCDEF"), inside);
}

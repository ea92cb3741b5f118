import type { Seeded } from "./seeded.js";

/** A product: its id, its neighbour's, and where its versions come from. */
export interface Product {
  readonly id: string;
  readonly neighbour: string;
  /** A version of an event; `lift` moves it towards newer ones, for entries that should cover some of them. */
  version(random: Seeded, lift: number): string;
}

const TWO_TO_53 = 2n ** 53n;

export function makeProducts(count: number, random: Seeded): readonly Product[] {
  return Array.from({ length: count }, (_, at) => ({ id: idOf(at), neighbour: idOf(at ^ 1), version: versionsOf(random) }));
}

/** Every fiftieth id has characters that a key must escape. */
function idOf(at: number): string {
  return at % 50 < 2 ? `p${at}: {ü},50%` : `p${at}`;
}

/** Close together at some length of 1 to 19 digits, around 2^53 where numbers lose digits, or of mixed lengths. */
function versionsOf(random: Seeded): Product["version"] {
  const style = random.next();
  if (style < 0.15) return (more, lift) => (TWO_TO_53 + BigInt(more.integer(-3, 3) + lift)).toString();
  if (style < 0.3) return (more, lift) => more.digits(Math.min(19, more.integer(1, 19) + lift));
  const base = BigInt(random.digits(random.integer(1, 19)));
  return (more, lift) => (base + BigInt(more.integer(0, 6) + lift)).toString();
}

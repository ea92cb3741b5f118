import { instantText } from "./instants.js";
import type { DeadLetter } from "./letter.js";
import type { DeadLetterList } from "./reports.js";
import type { Found, Tally } from "./tallies.js";

/** Told apart; letters of other causes count as others. */
const GROUPS_MAX = 10_000;
/** Topics and tenants named for one group. */
const NAMES_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 300;

type Group = DeadLetterList["groups"][number];

interface Collected extends Tally {
  /** Texts only: a letter that is kept would keep the batch it came in. */
  readonly cause: Pick<DeadLetter, "fingerprint" | "reason" | "dialect" | "rule" | "message">;
  firstMs: number;
  last: { readonly id: string; readonly writtenAtMs: number };
  readonly topics: Set<string>;
  readonly tenants: Set<string>;
  more: boolean;
}

/** Groups letters by fingerprint and reason, in memory that does not grow with their number. */
export class LetterGroups {
  readonly #groupsMax: number;
  readonly #byCause = new Map<string, Collected>();
  readonly others: Tally = { letters: 0, resolved: 0 };

  constructor(groupsMax: number = GROUPS_MAX) {
    this.#groupsMax = groupsMax;
  }

  add({ letter, isResolved, tenant }: Found): void {
    const cause = `${letter.fingerprint} ${letter.reason}`;
    const group = this.#byCause.get(cause) ?? this.#begin(cause, letter);
    const tally = group ?? this.others;
    tally.letters++;
    if (isResolved) tally.resolved++;
    if (group !== null) collect(group, letter, tenant);
  }

  /** `areMarked`: whether anybody marks letters of this topic as resolved. */
  groups(areMarked: boolean, tenantsAreKnown: boolean): readonly Group[] {
    const collected = [...this.#byCause.values()].toSorted(
      (a, b) => openOf(b) - openOf(a) || b.last.writtenAtMs - a.last.writtenAtMs || (a.last.id < b.last.id ? -1 : 1),
    );
    return collected.map((group) => ({
      ...group.cause,
      letters: group.letters,
      open: areMarked ? openOf(group) : null,
      resolved: areMarked ? group.resolved : null,
      first: instantText(group.firstMs),
      last: instantText(group.last.writtenAtMs),
      sample: group.last.id,
      topics: [...group.topics].toSorted(),
      tenants: tenantsAreKnown ? [...group.tenants].toSorted() : null,
      more: group.more,
    }));
  }

  #begin(name: string, letter: DeadLetter): Collected | null {
    if (this.#byCause.size >= this.#groupsMax) return null;
    const { writtenAtMs, id, fingerprint, reason, dialect, rule } = letter;
    const cause = { fingerprint, reason, dialect, rule, message: cut(letter.message) };
    const names = { topics: new Set<string>(), tenants: new Set<string>(), more: false };
    const group = { cause, letters: 0, resolved: 0, firstMs: writtenAtMs, last: { id, writtenAtMs }, ...names };
    this.#byCause.set(name, group);
    return group;
  }
}

function collect(group: Collected, letter: DeadLetter, tenant: string | null): void {
  const { writtenAtMs, source } = letter;
  group.firstMs = Math.min(group.firstMs, writtenAtMs);
  if (writtenAtMs >= group.last.writtenAtMs) group.last = { id: letter.id, writtenAtMs };
  if (source !== null) addName(group, group.topics, source.topic);
  if (tenant !== null) addName(group, group.tenants, tenant);
}

function addName(group: Collected, names: Set<string>, name: string): void {
  if (names.has(name)) return;
  if (names.size < NAMES_MAX) names.add(name);
  else group.more = true;
}

function openOf({ letters, resolved }: Tally): number {
  return letters - resolved;
}

function cut(message: string): string {
  return message.length <= MESSAGE_CHARACTERS_MAX ? message : `${message.slice(0, MESSAGE_CHARACTERS_MAX - 2)} …`;
}

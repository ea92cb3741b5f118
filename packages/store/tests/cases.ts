import {
  type BlindFloor,
  type BustArguments,
  type BustMode,
  compareVersions,
  type EntrySpec,
  type EntryState,
  encodeDeps,
  encodeFloors,
  encodeLease,
  type Floor,
  gateFields,
  type KeyBust,
  type Lease,
  limits,
  managedFields,
  parseVersion,
  type SpaceKind,
  type Version,
} from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";

/** What lies under a key before a step, written out as Redis holds it. */
export interface RawKey {
  readonly content: Readonly<Record<string, string>> | string;
  readonly expireAtMs: number | null;
}

/** One random state with one bust: the state as `decide.ts` sees it, and the same as Redis holds it. */
export interface Case {
  readonly kind: string;
  readonly floorState: FloorLabel;
  readonly bust: KeyBust;
  readonly args: Omit<BustArguments, "nowUs">;
  readonly state: EntryState;
  readonly raw: RawKey | null;
}

/** How floors can stand to a bust; the differential test counts each of them. */
export const floorStates = [
  "none",
  "older",
  "equal",
  "newer",
  "expired",
  "other",
  "blind",
  "blind expired",
  "full",
  "full blind",
  "unreadable",
] as const;
export type FloorState = (typeof floorStates)[number];
/** `own`: a floor of the subject of a blind bust. `stray`: floors in a family without a gate. */
export type FloorLabel = FloorState | "own" | "stray";

const VERSIONS = [
  ...["0", "1", "2", "9", "10", "11", "99", "100", "9007199254740991", "9007199254740992", "9007199254740993"],
  ...["18446744073709551614", "18446744073709551615", "99999999999999999999"],
].map(versionOf);
const UNREADABLE_VERSIONS = ["", "007", "-5", " 7", "1.0", "1e3", "x", "123456789012345678901", "9 ", "0x1"];
const UNREADABLE_FLOORS = [
  "x",
  "\np/1\t5\th",
  "\np/1\t05\th1700000000000000",
  "\n*\t5\th1700000000000000",
  "p/1\t5\th17",
  "\np/1\t5\tq17\n",
];
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
const SECOND_US = 1_000_000;

/** The call arguments that all busts of one script call share. */
export interface Shape {
  readonly name: string;
  readonly entry: EntrySpec;
  readonly spaceKind: SpaceKind;
}

export function randomShape(rng: Rng): Shape {
  const name = pickFrom(rng, ["managed", "managed", "managed", "hash gated", "hash gated", "hash gated", "hash", "json", "opaque"]);
  const [kind = "managed"] = name.split(" ") as EntrySpec["kind"][];
  const entry: EntrySpec = {
    kind,
    versionField: kind === "hash" || kind === "json" ? "version" : "",
    onUnversioned: pickFrom(rng, ["bust", "keep"]),
    gate: name === "managed" || name === "hash gated",
    floorTtlMs: pickFrom(rng, [5_000, 20_000]),
  };
  return { name, entry, spaceKind: pickFrom(rng, ["counter", "counter", "timestamp"]) };
}

/** Where the clock stands. Only a clock that is known to the microsecond can put times on their boundaries. */
export interface CaseClock {
  readonly nowUs: number;
  readonly onEdges: boolean;
}

export function randomCase(rng: Rng, shape: Shape, at: CaseClock & { readonly key: string }): Case {
  const isBlind = rng.chance(0.12);
  const version = isBlind ? null : pickFrom(rng, VERSIONS);
  const spaceKind: SpaceKind = shape.spaceKind;
  const args = {
    subject: "p/1",
    version,
    spaceKind,
    mode: "hard",
    leaveFloor: shape.entry.gate,
    onUnversioned: shape.entry.onUnversioned,
    floorTtlMs: shape.entry.floorTtlMs,
  } as const;
  const bust: KeyBust = {
    target: "key",
    key: at.key,
    family: "f",
    entry: shape.entry,
    subject: "p/1",
    version,
    spaceKind,
    mode: "hard",
    rule: "r",
  };
  const floorState = shape.entry.gate ? pickFrom(rng, floorStates) : "none";
  const make = new StateMaker(rng, shape, at);
  const made = make.state(version ?? pickFrom(rng, VERSIONS), floorState);
  return { kind: shape.name, floorState: labelOf(made, version, floorState), bust, args, ...made };
}

/** What the floors really are to the bust: the neighbour of the lowest or highest version is itself. */
function labelOf({ state, raw }: Pick<Case, "state" | "raw">, version: Version | null, asked: FloorState): FloorLabel {
  if (state.value === "foreign") return "none";
  if (raw !== null && gateFields.floors in Object(raw.content) && state.floors.length === 0 && asked === "none") return "stray";
  if (!["older", "equal", "newer"].includes(asked)) return asked;
  const own = state.floors.find((floor) => floor.subject === "p/1");
  if (version === null || own === undefined) return "own";
  const difference = compareVersions(own.version, version);
  return difference === 0 ? "equal" : difference < 0 ? "older" : "newer";
}

class StateMaker {
  readonly #rng: Rng;
  readonly #shape: Shape;
  readonly #clock: CaseClock;

  constructor(rng: Rng, shape: Shape, clock: CaseClock) {
    this.#rng = rng;
    this.#shape = shape;
    this.#clock = clock;
  }

  state(version: Version, floorState: FloorState): Pick<Case, "state" | "raw"> {
    const { kind, gate } = this.#shape.entry;
    const value = this.#value(version);
    const marks = value.isForeign ? this.#noMarks() : this.#marks(version, gate ? floorState : "none");
    const state: EntryState = { ...marks.state, value: value.value };
    if (typeof value.content === "string") return { state, raw: { content: value.content, expireAtMs: this.#expiry() } };
    const names = kind === "managed" ? managedFields : gateFields;
    const content = { ...value.content };
    if (marks.floors !== "") content[names.floors] = marks.floors;
    if (marks.lease !== "") content[names.lease] = marks.lease;
    if (kind === "hash" && !gate && this.#rng.chance(0.2)) content[gateFields.floors] = "\np/1\t5\th1700000000000000";
    return { state, raw: Object.keys(content).length === 0 ? null : { content, expireAtMs: this.#expiry() } };
  }

  #expiry(): number | null {
    return this.#pick([null, 8_000, 90_000, 3_600_000].map((ms) => (ms === null ? null : Math.ceil(this.#clock.nowUs / 1000) + ms)));
  }

  /** A time in µs that is `offset` seconds from now, or as near to now as asked. */
  #time(offsetS: number): number {
    return this.#clock.nowUs + Math.round(offsetS * SECOND_US);
  }

  #value(version: Version): { value: EntryState["value"]; content: Record<string, string> | string; isForeign: boolean } {
    const { kind } = this.#shape.entry;
    const absent = { value: null, content: {}, isForeign: false };
    if (this.#rng.chance(0.25)) return absent;
    if (kind === "opaque")
      return { value: "opaque", content: this.#pick<Record<string, string> | string>(["x", { a: "1" }]), isForeign: false };
    if (this.#rng.chance(0.08)) return { value: "foreign", content: kind === "json" ? { a: "1" } : "a string", isForeign: true };
    if (kind === "managed") return { ...this.#managedValue(version), isForeign: false };
    const isReadable = this.#rng.chance(0.75);
    const held = this.#versionNear(version);
    const value: EntryState["value"] = isReadable ? { version: held } : "unversioned";
    if (kind === "json") return { value, content: isReadable ? this.#json(held) : this.#pick(UNREADABLE_JSON), isForeign: false };
    const text = isReadable ? held : this.#pick(UNREADABLE_VERSIONS);
    const content = isReadable || this.#rng.chance(0.7) ? { body: "payload", version: text } : { body: "payload" };
    return { value, content, isForeign: false };
  }

  #managedValue(version: Version): { value: EntryState["value"]; content: Record<string, string> } {
    const keepUntil = this.#pick(["", "", String(this.#time(30)), String(this.#time(-1)), ...this.#edges(0).map(String), "soon"]);
    const fields: Record<string, string> = { v: "payload", ...(keepUntil === "" ? {} : { k: keepUntil }) };
    const isDead = keepUntil !== "" && keepUntil !== "soon" && Number(keepUntil) <= this.#clock.nowUs;
    const damage = keepUntil === "soon" ? "keep-until" : this.#pick(["", "", "", "", "no deps", "text", "version"]);
    if (damage === "no deps") return { value: isDead ? null : "unversioned", content: fields };
    if (damage === "text") return { value: isDead ? null : "unversioned", content: { ...fields, d: "p/1\t5" } };
    if (damage === "version") {
      const deps = `\np/0\t1\np/1\t${this.#pick(UNREADABLE_VERSIONS)}`;
      return { value: isDead ? null : "unversioned", content: { ...fields, d: deps } };
    }
    const deps = new Map<string, Version>();
    for (const subject of ["p/11", "a.p/1", "p/2"]) if (this.#rng.chance(0.4)) deps.set(subject, this.#pick(VERSIONS));
    if (this.#rng.chance(0.75)) deps.set("p/1", this.#versionNear(version));
    const value: EntryState["value"] = damage === "keep-until" ? "unversioned" : { deps };
    return { value: isDead ? null : value, content: { ...fields, d: encodeDeps(deps) } };
  }

  #json(version: Version): string {
    const quoted = this.#rng.chance(0.5) ? `"${version}"` : version;
    const member = `"version"${this.#pick(["", " ", "\n\t"])}:${this.#pick(["", " "])}${quoted}`;
    const others = [
      '"a":{"version":"1"}',
      '"b":[{"version":2},"}\\"{"]',
      '"c":"\\\\"',
      '"version ":7',
      '"d":-1.5e9',
      `"e":"${"x".repeat(50)}"`,
    ];
    const members = others.filter(() => this.#rng.chance(0.4));
    members.splice(this.#rng.integer(0, members.length), 0, member);
    return `${this.#pick(["", " \n"])}{${members.join(this.#pick([",", " , "]))}}${this.#pick(["", "\n"])}`;
  }

  #noMarks(): { state: Omit<EntryState, "value">; floors: string; lease: string } {
    return { state: { floors: [], blindFloor: null, lease: null }, floors: "", lease: "" };
  }

  #marks(version: Version, floorState: FloorState): { state: Omit<EntryState, "value">; floors: string; lease: string } {
    const lease = this.#shape.entry.gate ? this.#lease() : null;
    const leaseText = lease === null ? "" : encodeLease(lease);
    if (floorState === "unreadable") {
      const blindFloor: BlindFloor = { mode: "hard", raisedAtUs: Number.NaN };
      return { state: { floors: [], blindFloor, lease }, floors: this.#pick(UNREADABLE_FLOORS), lease: leaseText };
    }
    const state = { ...this.#floors(version, floorState), lease };
    return { state, floors: encodeFloors(state), lease: leaseText };
  }

  #lease(): Lease | null {
    const deadlineUs = this.#pick([0, 0, this.#time(3), this.#time(60), this.#time(-1), ...this.#edges(0)]);
    return deadlineUs === 0 ? null : { token: `t${this.#rng.integer(1, 99)}`, startUs: deadlineUs - 5 * SECOND_US, deadlineUs };
  }

  #floors(version: Version, floorState: FloorState): Pick<EntryState, "floors" | "blindFloor"> {
    const floors: Floor[] = [];
    const add = (subject: string, held: Version, raisedAtUs: number) =>
      floors.push({ subject, version: held, mode: this.#mode(), raisedAtUs });
    if (floorState === "older" || floorState === "newer") add("p/1", this.#beside(version, floorState), this.#liveTime());
    if (floorState === "equal") add("p/1", version, this.#liveTime());
    if (floorState === "expired") add("p/1", this.#versionNear(version), this.#expiredTime());
    const isFull = floorState.startsWith("full");
    const others = isFull ? limits.floorsPerEntryMax : this.#pick([0, 0, 1, 3]);
    if (floorState !== "none") for (let i = 0; i < others; i++) add(`q/${i}`, this.#pick(VERSIONS), this.#otherTime(isFull));
    if (floorState === "other" && floors.length === 0) add("p/11", this.#pick(VERSIONS), this.#liveTime());
    const blindAtUs = floorState === "blind expired" ? this.#expiredTime() : this.#liveTime();
    const hasBlind = floorState.includes("blind") || (["older", "equal", "newer"].includes(floorState) && this.#rng.chance(0.2));
    return { floors: this.#rng.shuffle(floors), blindFloor: hasBlind ? { mode: this.#mode(), raisedAtUs: blindAtUs } : null };
  }

  /** Beside the floor that a state is about, others may be of any age. A full list is alive, so that one too many folds. */
  #otherTime(isFull: boolean): number {
    return isFull || this.#rng.chance(0.7) ? this.#liveTime() : this.#expiredTime();
  }

  #liveTime(): number {
    const [, onEdge = 0, after = 0] = this.#edges(this.#floorUs());
    const ages = [this.#time(-0.001), this.#time(-2), this.#time(-2), this.#time(-4)];
    return this.#pick(this.#clock.onEdges ? [onEdge, after, ...ages] : [...ages, this.#time(-4) + this.#rng.integer(0, 900_000)]);
  }

  #expiredTime(): number {
    const [before = 0] = this.#edges(this.#floorUs());
    return this.#pick(this.#clock.onEdges ? [before, this.#time(-100)] : [this.#time(-100), this.#time(-30) - this.#floorUs()]);
  }

  #floorUs(): number {
    return this.#shape.entry.floorTtlMs * 1000;
  }

  /** One tick before, on, and after the instant `agoUs` ago; nothing when times must keep away from boundaries. */
  #edges(agoUs: number): readonly number[] {
    const edge = this.#clock.nowUs - agoUs;
    return this.#clock.onEdges ? [edge - 1, edge, edge + 1] : [];
  }

  #pick<T>(list: readonly T[]): T {
    return pickFrom(this.#rng, list);
  }

  #mode(): BustMode {
    return this.#rng.chance(0.75) ? "hard" : "soft";
  }

  #versionNear(version: Version): Version {
    return this.#pick([version, this.#beside(version, "older"), this.#beside(version, "newer")]);
  }

  #beside(version: Version, side: "older" | "newer"): Version {
    const number = BigInt(version);
    const step = this.#rng.chance(0.6) ? 1n : BigInt(this.#rng.integer(2, 1_000));
    const moved = side === "older" ? number - step : number + step;
    const isVersion = moved >= 0n && moved.toString().length <= limits.versionDigitsMax;
    return isVersion ? versionOf(moved.toString()) : version;
  }
}

function pickFrom<T>(rng: Rng, list: readonly T[]): T {
  const [first, ...more] = list;
  if (first === undefined) throw new Error("nothing to pick from");
  return rng.pick([first, ...more]);
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}

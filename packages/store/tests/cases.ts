import {
  type BlindFloor,
  type BustMode,
  type EntryKind,
  type EntrySpec,
  encodeDeps,
  encodeEpochs,
  encodeMarks,
  encodeProvisional,
  encodeSoftened,
  type Floor,
  gateField,
  type KeyBust,
  type Lease,
  limits,
  type Marks,
  managedFields,
  parseVersion,
  type SpaceKind,
  type Version,
} from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { BustWay } from "../src/bust-calls.js";
import { hasGateKey } from "../src/bust-calls.js";
import { gateKeyOf } from "../src/gate-key.js";
import type { StoredKey } from "../src/memory-keyspace.js";
import { FOREIGN_TEXTS, hashContent, jsonContent, prefixContent, UNREADABLE_MARKS, UNREADABLE_VERSIONS, VERSIONS } from "./contents.js";

/** One random entry with one bust: everything that lies in Redis for it, its gate and the key of its version included. */
export interface Case {
  readonly bust: KeyBust;
  readonly keys: ReadonlyMap<string, StoredKey | null>;
  /** Its marks are a text that cannot be read. */
  readonly isDamaged: boolean;
}

/** What all busts of one script call share. */
export interface Shape {
  readonly name: string;
  readonly entry: EntrySpec;
  readonly spaceKind: SpaceKind;
  readonly mode: BustMode;
  readonly way: BustWay;
  /** Among managed entries there may be hashes of other services; one of them sends a whole call the slow way. */
  readonly hasStrangers: boolean;
}

/** How often each shape is tried: more can lie at some of them, and a call carries fewer entries of several keys. */
const weights = {
  managed: 14,
  "managed soft": 14,
  "managed unfloored": 14,
  hash: 9,
  "hash gated": 11,
  json: 9,
  "json gated": 17,
  prefix: 2,
  "prefix gated": 17,
  companion: 2,
  "companion gated": 26,
  opaque: 1,
} as const;
export const shapeNames = Object.keys(weights) as (keyof typeof weights)[];
const shapesByWeight = shapeNames.flatMap((name) => new Array<typeof name>(weights[name]).fill(name));

const PREFIX = "fr:";
const SECOND_US = 1_000_000;

export function randomShape(rng: Rng): Shape {
  const name = pickFrom(rng, shapesByWeight);
  const [kind = "managed"] = name.split(" ") as EntryKind[];
  const entry: EntrySpec = {
    kind,
    versionField: kind === "hash" || kind === "json" ? "version" : "",
    onUnversioned: pickFrom(rng, ["bust", "keep"]),
    gate: name.endsWith("gated") || kind === "managed",
    floorTtlMs: pickFrom(rng, [5_000, 20_000]),
    staleTtlMs: pickFrom(rng, [0, 60_000]),
  };
  const way: BustWay = {
    run: rng.chance(0.1) ? "preview" : "apply",
    prefix: PREFIX,
    floor: name === "managed unfloored" ? "none" : "leave",
  };
  const mode = name === "managed soft" || (name === "managed unfloored" && rng.chance(0.5)) ? "soft" : "hard";
  return { name, entry, spaceKind: pickFrom(rng, ["counter", "counter", "timestamp"]), mode, way, hasStrangers: rng.chance(0.3) };
}

/** Where the clock stands. Only a clock that is known to the microsecond can put times on their boundaries. */
export interface CaseClock {
  readonly nowUs: number;
  readonly onEdges: boolean;
}

export function randomCase(rng: Rng, shape: Shape, at: CaseClock & { readonly key: string }): Case {
  const { entry, spaceKind, mode } = shape;
  const version = rng.chance(0.14) ? null : pickFrom(rng, VERSIONS);
  const versionKey = `{${at.key}}v`;
  const common = { target: "key", key: at.key, family: "f", entry, subject: "p/1", rule: "r" } as const;
  const bust: KeyBust = { ...common, ...(entry.kind === "companion" ? { versionKey } : {}), version, spaceKind, mode };
  return { bust, ...new StateMaker(rng, shape, at).keysOf(bust, version ?? pickFrom(rng, VERSIONS)) };
}

/** A text of marks, and whether it is one that cannot be read. */
interface MarksText {
  readonly text: string;
  readonly isDamaged: boolean;
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

  keysOf({ key, versionKey, entry }: KeyBust, version: Version): Omit<Case, "bust"> {
    const keys = new Map<string, StoredKey | null>();
    const put = (name: string, content: StoredKey["content"] | null) =>
      keys.set(name, content === null ? null : { content, expireAtMs: this.#expiry() });
    const hasMarks = entry.gate || (entry.kind === "hash" && this.#rng.chance(0.2));
    const marks = hasMarks ? this.#marks(version) : { text: "", isDamaged: false };
    if (entry.kind === "managed") return this.#managed(key, version, marks);
    const content = this.#content(version);
    const hashMarks = entry.kind === "hash" && marks.text !== "" ? [[gateField, marks.text] as const] : [];
    const isRoomy = content === null || typeof content === "object";
    if (hashMarks.length > 0 && isRoomy) put(key, new Map([...(content ?? []), ...hashMarks]));
    else put(key, content);
    const isGateForeign = hasGateKey(entry) && this.#rng.chance(0.03);
    if (hasGateKey(entry)) put(gateKeyOf(PREFIX, key), isGateForeign ? new Map([["a", "1"]]) : marks.text === "" ? null : marks.text);
    if (versionKey !== undefined) put(versionKey, this.#versionContent(version));
    return { keys, isDamaged: isGateForeign || (marks.isDamaged && entry.gate && (hasGateKey(entry) || isRoomy)) };
  }

  #managed(key: string, version: Version, { text, isDamaged }: MarksText): Omit<Case, "bust"> {
    const put = (content: StoredKey["content"] | null, damaged = false) => {
      return { keys: new Map([[key, content === null ? null : { content, expireAtMs: this.#expiry() }]]), isDamaged: damaged };
    };
    const strangers = this.#shape.hasStrangers ? [new Map([["a", "1"]]), new Map([["v", "x"]])] : [];
    if (this.#rng.chance(0.07)) return put(this.#pick<StoredKey["content"]>([...FOREIGN_TEXTS, ...strangers]));
    if (this.#rng.chance(0.35)) return put(text === "" ? null : text, isDamaged);
    const lines = text === "" || text.startsWith("\n") ? text : `\n${text}`;
    const fields = new Map([["v", "payload"], [managedFields.deps, this.#deps(version) + lines.replaceAll("\n", "\n\f")] as const]);
    const { nowUs } = this.#clock;
    const softened = encodeSoftened({ atUs: nowUs - 5, keepUntilUs: nowUs + this.#pick([-1, 0, 1, 60 * SECOND_US]) });
    if (this.#rng.chance(0.2)) fields.set(managedFields.softened, this.#pick([softened, softened, "x"]));
    if (this.#rng.chance(0.1)) fields.set(managedFields.provisional, encodeProvisional({ token: "t", deadlineUs: nowUs }));
    if (this.#rng.chance(0.1)) fields.set(managedFields.epochs, encodeEpochs(new Map([["t/1", 5]])));
    return put(fields, isDamaged);
  }

  #deps(version: Version): string {
    const deps = new Map<string, Version>();
    for (const subject of ["p/11", "a.p/1", "p/2"]) if (this.#rng.chance(0.4)) deps.set(subject, this.#pick(VERSIONS));
    const damage = this.#pick(["", "", "", "head", "version", "version"]);
    if (damage === "" && this.#rng.chance(0.75)) deps.set("p/1", this.#versionNear(version));
    const time = this.#pick([null, this.#clock.nowUs, this.#clock.nowUs + SECOND_US, 0]);
    const head = { loadStartUs: time, freshUntilUs: null, keepUntilUs: time, encoding: this.#pick(["", "json"]) };
    const text = encodeDeps(deps, this.#rng.chance(0.5) ? head : undefined);
    if (damage === "version") return `${text}\np/1\t${this.#pick(UNREADABLE_VERSIONS)}${this.#pick(["", "\np/3\t1"])}`;
    return damage === "head" ? this.#pick(["x", "p/1\t5", "\f"]) + text : text;
  }

  #content(version: Version): StoredKey["content"] | null {
    const { kind } = this.#shape.entry;
    if (this.#rng.chance(0.25)) return null;
    if (kind === "opaque" || kind === "companion") return this.#pick<StoredKey["content"]>(["x", "", new Map([["a", "1"]])]);
    if (this.#rng.chance(0.08)) return kind === "hash" ? "a string" : new Map([["version", "1"]]);
    const make = { hash: hashContent, json: jsonContent, prefix: prefixContent }[kind === "managed" ? "hash" : kind];
    return make(this.#rng, this.#rng.chance(0.7) ? this.#versionNear(version) : null);
  }

  #versionContent(version: Version): StoredKey["content"] | null {
    if (this.#rng.chance(0.7)) return this.#versionNear(version);
    return this.#pick<StoredKey["content"] | null>([null, new Map([["a", "1"]]), ...UNREADABLE_VERSIONS, `${"1".repeat(30)}`]);
  }

  #marks(version: Version): MarksText {
    if (this.#rng.chance(0.1)) return { text: this.#pick(UNREADABLE_MARKS), isDamaged: true };
    const text = encodeMarks({ ...this.#floors(version), lease: this.#rng.chance(0.4) ? this.#lease() : null });
    return { text, isDamaged: false };
  }

  #lease(): Lease {
    const deadlineUs = this.#pick([this.#time(3), this.#time(60), this.#time(-1), ...this.#edges(0)]);
    return { token: `t${this.#rng.integer(1, 99)}`, startUs: deadlineUs - 5 * SECOND_US, deadlineUs };
  }

  #floors(version: Version): Omit<Marks, "lease"> {
    const floors: Floor[] = [];
    const add = (subject: string, held: Version, raisedAtUs: number) =>
      floors.push({ subject, version: held, mode: this.#mode(), spaceKind: this.#pick(["counter", "counter", "timestamp"]), raisedAtUs });
    const own = this.#pick(["none", "none", "live", "live", "dead"]);
    if (own !== "none") add("p/1", this.#versionNear(version), own === "live" ? this.#liveTime() : this.#deadTime());
    const others = this.#pick([0, 0, 0, 1, 3, limits.floorsPerEntryMax]);
    const isFull = others === limits.floorsPerEntryMax;
    const time = () => (isFull || this.#rng.chance(0.7) ? this.#liveTime() : this.#deadTime());
    for (let i = isFull && own === "live" ? 1 : 0; i < others; i++)
      add(i === 0 ? this.#pick(["p/11", "p/9"]) : `q/${i}`, this.#pick(VERSIONS), time());
    const blindFloor: BlindFloor = { mode: this.#mode(), raisedAtUs: this.#rng.chance(0.4) ? this.#liveTime() : this.#deadTime() };
    return { floors: this.#rng.shuffle(floors), blindFloor: this.#rng.chance(0.4) ? blindFloor : null };
  }

  #expiry(): number | null {
    return this.#pick([null, 8_000, 90_000, 3_600_000].map((ms) => (ms === null ? null : Math.ceil(this.#clock.nowUs / 1000) + ms)));
  }

  /** A time in µs that is `offset` seconds from now, or as near to now as asked. */
  #time(offsetS: number): number {
    return this.#clock.nowUs + Math.round(offsetS * SECOND_US);
  }

  #liveTime(): number {
    const [, onEdge = 0, after = 0] = this.#edges(this.#floorUs());
    const ages = [this.#time(-0.001), this.#time(-2), this.#time(-2), this.#time(-4)];
    return this.#pick(this.#clock.onEdges ? [onEdge, after, ...ages] : [...ages, this.#time(-4) + this.#rng.integer(0, 900_000)]);
  }

  #deadTime(): number {
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
    return this.#rng.chance(0.7) ? "hard" : "soft";
  }

  #versionNear(version: Version): Version {
    const step = this.#rng.chance(0.6) ? 1n : BigInt(this.#rng.integer(2, 1_000));
    const moved = BigInt(version) + step * this.#pick([0n, 1n, -1n]);
    return parseVersion(String(moved)) ?? version;
  }
}

export function pickFrom<T>(rng: Rng, list: readonly T[]): T {
  const [first, ...more] = list;
  if (first === undefined) throw new Error("nothing to pick from");
  return rng.pick([first, ...more]);
}

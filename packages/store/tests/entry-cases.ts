import {
  type EntrySpec,
  type Epoch,
  encodeDeps,
  encodeEpochs,
  encodeMarks,
  encodeProvisional,
  encodeSoftened,
  encodeTags,
  gateField,
  type Marks,
  managedFields,
  parseVersion,
  type Version,
} from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import { gateKeyOf } from "../src/gate-key.js";
import type { StoredKey } from "../src/memory-keyspace.js";
import type { EntryPort } from "../src/port.js";

/** What lies under the keys of one entry, and one call of a step. */
export interface EntryCase {
  readonly step: string;
  readonly keys: ReadonlyMap<string, StoredKey>;
  call(store: EntryPort): Promise<unknown>;
  /** For a failing test. */
  readonly request: unknown;
}

const SECOND = 1_000_000;
const VERSIONS = ["0", "4", "5", "6", "9", "10", "9007199254740992", "9007199254740993", "99999999999999999999"];
const SUBJECTS = ["p/1", "p/11", "q/é", "p/2"];
const UNREADABLE_DEPS = [
  "x",
  "\np/1\t05",
  "\np/1\t5\n",
  "\np/1",
  "a\tb\tc\td\te\np/1\t5",
  "1\t2\tx\t\np/1\t5",
  "\n\t5",
  "1\t2\t3\t4\t5\np/1\t5",
];
const UNREADABLE_MARKS = [
  "\nlx",
  "\n17x",
  "1763716800123456hp/1\t05",
  "\n1763716800123456H*\t",
  "\n1763716800123456hp/1\t5\n",
  "1763716800123456hp/1\t5\nx",
];
const FOREIGN = ["text", "", "\n", "l", "1763716800123456", "17hp/1\t5"];

/** Makes cases at one instant: times lie on, just before and just after the boundaries of the step's own bounds. */
export class EntryCases {
  readonly #rng: Rng;
  readonly #nowUs: number;
  readonly #prefix: string;
  #readLagMs = 1_000;
  #floorTtlMs = 20_000;
  #leaseStartUs = 0;

  constructor(rng: Rng, { nowUs, prefix }: { nowUs: number; prefix: string }) {
    this.#rng = rng;
    this.#nowUs = nowUs;
    this.#prefix = prefix;
  }

  next(id: number): EntryCase {
    this.#readLagMs = this.#pick([0, 1, 1_000, 1_000]);
    this.#floorTtlMs = this.#pick([5_000, 20_000]);
    this.#leaseStartUs = this.#nowUs - this.#pick([0, 1, 1_000, 999_999, SECOND, 1_000_001, 4 * SECOND]);
    const key = `${this.#prefix}${id}`;
    return this.#rng.chance(0.65) ? this.#managed(key) : this.#gated(key);
  }

  #managed(key: string): EntryCase {
    const entry: EntrySpec = { ...this.#spec("managed"), gate: true };
    const epochs = this.#epochs();
    const token = this.#pick(["t1", "t1", "t1", "t2"]);
    const step = this.#pick(["read", "lease", "lease", "fill", "fill", "fill", "fill", "promote", "drop"]);
    const keys = new Map(this.#put(key, this.#managedContent(epochs, step)));
    if (step === "read") return { step, keys, request: key, call: (store) => store.read(key, entry, []) };
    if (step === "lease") {
      const request = { key, entry, token, epochs, leaseTtlMs: this.#pick([1, 3_000]) };
      return { step, keys, request, call: (store) => store.lease(request) };
    }
    if (step === "promote") return { step, keys, request: token, call: (store) => store.promote(key, entry, token) };
    if (step === "drop") return { step, keys, request: [token, entry], call: (store) => store.drop(key, entry, token) };
    const request = {
      key,
      entry,
      token,
      value: Buffer.from([0, 255, this.#rng.integer(0, 255), 10, 9]),
      encoding: this.#pick(["", "json;br"]),
      deps: this.#deps(),
      tags: this.#pick([[], [], ["a"], ["a", "b"]]),
      epochs: new Map([...epochs].map(([tag, epoch]) => [tag, { ...epoch, ageUs: this.#age() }])),
      primaryRead: this.#rng.chance(0.4),
      freshMs: this.#pick([null, 1, 9_000]),
      keepMs: this.#pick([1, 3_000, 60_000]),
      readLagMs: this.#readLagMs,
      provisionalMs: this.#pick([1, 30_000]),
    };
    return { step, keys, request, call: (store) => store.fill(request) };
  }

  #gated(key: string): EntryCase {
    const kind = this.#pick(["hash", "json", "prefix", "companion"] as const);
    const entry: EntrySpec = { ...this.#spec(kind), gate: true };
    const versionKey = kind === "companion" ? { versionKey: `${key}:v` } : {};
    const keys = new Map([...this.#gatedContent(key, kind)].flatMap(([name, content]) => this.#put(name, content)));
    const token = this.#pick(["t1", "t1", "t2"]);
    if (this.#rng.chance(0.3)) {
      const request = { key, entry, token: this.#pick(["t1", "t2"]), epochs: new Map(), leaseTtlMs: this.#pick([1, 3_000]), ...versionKey };
      return { step: `lease ${kind}`, keys, request, call: (store) => store.lease(request) };
    }
    const version = this.#version();
    const body = kind === "json" ? `{"version":${version}}` : this.#pick(["payload", ""]);
    const request = {
      key,
      entry,
      ...versionKey,
      token: this.#pick([null, token]),
      content: kind === "hash" ? new Map([["body", "payload"]]) : Buffer.from(body),
      subject: this.#pick(["p/1", "p/2"]),
      version,
      keepMs: this.#pick([1, 3_000, 60_000]),
      primaryRead: this.#rng.chance(0.4),
      readLagMs: this.#readLagMs,
    };
    return { step: `set ${kind}`, keys, request, call: (store) => store.setIfNewer(request) };
  }

  #spec(kind: EntrySpec["kind"]): EntrySpec {
    const versionField = kind === "hash" || kind === "json" ? "version" : "";
    return { kind, versionField, onUnversioned: "bust", gate: false, floorTtlMs: this.#floorTtlMs, staleTtlMs: 0 };
  }

  #put(key: string, content: StoredKey["content"] | null): readonly (readonly [string, StoredKey])[] {
    const inMs = this.#pick([null, 8_000, 90_000]);
    return content === null ? [] : [[key, { content, expireAtMs: inMs === null ? null : Math.ceil(this.#nowUs / 1000) + inMs }]];
  }

  #managedContent(epochs: ReadonlyMap<string, Epoch>, step: string): StoredKey["content"] | null {
    const marks = this.#marks();
    const isTwoStep = step === "promote" || step === "drop";
    const what = this.#pick(["none", "marks", "marks", "value", "value", "value", "value", "value", "odd"]);
    if (what === "none") return null;
    if (what === "odd") return this.#pick([...FOREIGN, ...UNREADABLE_MARKS, new Map([["v", "x"]]), new Map([["a", "x"]])]);
    if (what === "marks") return encodeMarks(marks) === "" ? null : encodeMarks(marks);
    const head = {
      loadStartUs: this.#pick([null, this.#nowUs - SECOND]),
      freshUntilUs: this.#pick([null, null, null, this.#nowUs + SECOND, ...this.#edges(0)]),
      keepUntilUs: this.#pick([null, null, ...new Array<number>(5).fill(this.#nowUs + 60 * SECOND), ...this.#edges(0)]),
      encoding: this.#pick(["", "json"]),
    };
    const isOdd = this.#rng.chance(0.06);
    const deps = isOdd ? this.#pick([...UNREADABLE_DEPS, "\np/1\t5\n\fx"]) : encodeDeps(this.#deps(), head, marks);
    const fields = new Map([[managedFields.deps as string, deps]]);
    if (!this.#rng.chance(0.04)) fields.set(managedFields.value, "\u0000\u00ffold");
    const heldEpochs = this.#heldEpochs(epochs);
    if (heldEpochs !== "") fields.set(managedFields.epochs, heldEpochs);
    const softened = this.#rng.chance(0.75)
      ? null
      : this.#pick([...this.#edges(0), this.#nowUs + 30 * SECOND, this.#nowUs + 30 * SECOND, "odd"]);
    if (softened !== null)
      fields.set(
        managedFields.softened,
        softened === "odd" ? "x" : encodeSoftened({ atUs: this.#nowUs - 1, keepUntilUs: Number(softened) }),
      );
    const deadlineUs = this.#rng.chance(isTwoStep ? 0.1 : 0.8)
      ? null
      : this.#pick([...this.#edges(0), this.#nowUs + 5 * SECOND, this.#nowUs + 5 * SECOND, "odd"]);
    const token = this.#pick(["t1", "t1", "t2"]);
    if (deadlineUs !== null)
      fields.set(managedFields.provisional, deadlineUs === "odd" ? "t1" : encodeProvisional({ token, deadlineUs: Number(deadlineUs) }));
    if (this.#rng.chance(0.3)) fields.set(managedFields.tags, encodeTags(["x", "y"]));
    return fields;
  }

  #gatedContent(key: string, kind: "hash" | "json" | "prefix" | "companion"): ReadonlyMap<string, StoredKey["content"] | null> {
    const marks = this.#rng.chance(0.05) ? this.#pick(UNREADABLE_MARKS) : encodeMarks(this.#marks());
    const what = this.#pick(["none", "value", "value", "value", "odd", "foreign"]);
    const version = what === "odd" ? this.#pick(["007", "", "x", "-5", "123456789012345678901"]) : this.#version();
    if (kind === "hash") {
      if (what === "foreign") return new Map([[key, "text"]]);
      const fields = new Map(
        what === "none"
          ? []
          : [
              ["body", "old"],
              ["more", "old"],
              ["version", version],
            ],
      );
      if (marks !== "") fields.set(gateField, marks);
      return new Map([[key, fields.size === 0 ? null : fields]]);
    }
    const gate = [gateKeyOf("fr:", key), marks === "" ? null : marks] as const;
    if (what === "none") return new Map([gate]);
    if (kind === "companion")
      return new Map<string, StoredKey["content"] | null>([
        gate,
        [key, "old"],
        [`${key}:v`, what === "foreign" ? new Map([["a", "1"]]) : version],
      ]);
    const text = kind === "json" ? `{"a":1,"version":${what === "odd" ? `"${version}"` : version}}` : `${version}\nold`;
    return new Map<string, StoredKey["content"] | null>([gate, [key, what === "foreign" ? new Map([["a", "1"]]) : text]]);
  }

  #marks(): Marks {
    const floors = SUBJECTS.filter(() => this.#rng.chance(0.2)).map((subject) => ({
      subject,
      version: this.#version(),
      mode: this.#pick(["hard", "soft"] as const),
      spaceKind: this.#pick(["counter", "counter", "timestamp"] as const),
      raisedAtUs: this.#raisedAt(),
    }));
    const blindFloor = this.#rng.chance(0.15) ? { mode: "hard" as const, raisedAtUs: this.#raisedAt() } : null;
    const deadlineUs = this.#pick([
      null,
      ...new Array<number>(5).fill(this.#nowUs + 3 * SECOND),
      this.#nowUs + 60 * SECOND,
      ...this.#edges(0),
      ...[-1, 0, 1].map((offset) => this.#leaseStartUs + (this.#floorTtlMs - this.#readLagMs) * 1000 + offset),
    ]);
    const token = this.#pick(["t1", "t1", "t1", "t2"]);
    return { floors, blindFloor, lease: deadlineUs === null ? null : { token, startUs: this.#leaseStartUs, deadlineUs } };
  }

  /** Around the end of the floor's life, and around what a lease is compared with: raised-at + R, and raised-at itself. */
  #raisedAt(): number {
    const end = this.#nowUs - this.#floorTtlMs * 1000;
    const late = this.#leaseStartUs - this.#readLagMs * 1000;
    const start = this.#leaseStartUs;
    return Math.min(
      this.#nowUs,
      this.#pick([end - 1, end, end + 1, late - 1, late, late + 1, start - 1, start, start + 1, start - 2 * SECOND]),
    );
  }

  #deps(): ReadonlyMap<string, Version> {
    return new Map(SUBJECTS.filter(() => this.#rng.chance(0.5)).map((subject) => [subject, this.#version()]));
  }

  #epochs(): ReadonlyMap<string, Epoch> {
    const tags = this.#pick([[], [], [], ["e1"], ["e1", "e2"]]);
    return new Map(tags.map((tag) => [tag, { generation: 20, hardGeneration: this.#pick([10, 20]), ageUs: this.#age() }]));
  }

  /** R is the boundary of loads from a replica, 1 of those from the primary; younger than that is too young. */
  #age(): number {
    if (this.#rng.chance(0.2)) return this.#pick([0, 0, 1]);
    return Math.max(0, this.#readLagMs * 1000 + this.#pick([-1, -1, 0, 1, 5 * SECOND]));
  }

  #heldEpochs(epochs: ReadonlyMap<string, Epoch>): string {
    if (this.#rng.chance(0.04)) return "\ne1\tx";
    const held = [...epochs.keys(), ...(this.#rng.chance(0.05) ? ["e9"] : [])].filter(() => this.#rng.chance(0.9));
    return encodeEpochs(new Map(held.map((tag) => [tag, this.#pick([20, 20, 20, 20, 9, 10, 11, 19, 21])])));
  }

  #edges(agoUs: number): readonly number[] {
    return [-1, 0, 1].map((offset) => this.#nowUs - agoUs + offset);
  }

  #version(): Version {
    const version = parseVersion(this.#pick(VERSIONS));
    if (version === null) throw new Error("no version");
    return version;
  }

  #pick<T>(list: readonly T[]): T {
    const [first, ...more] = list;
    if (first === undefined) throw new Error("nothing to pick from");
    return this.#rng.pick([first, ...more]);
  }
}

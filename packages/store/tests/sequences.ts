import type { BustMode, EntrySpec, Epoch, KeyBust, SpaceKind, TagBust, Version } from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { Redis } from "ioredis";
import { execOrThrow } from "../src/exec.js";
import { scripts } from "../src/generated/scripts.js";
import type { StorePort } from "../src/port.js";
import type { RedisLink, ScriptName } from "../src/redis-link.js";
import { outcomeOf } from "./entry-differential.js";

/** What one entry, its swept tag and its epoch go through. */
export type Steps = Pick<StorePort, "bust" | "read" | "lease" | "fill" | "promote" | "drop" | "bustTags" | "indexAdd">;

/** One step at a time of its own, in microseconds. */
export interface Op {
  readonly step: string;
  readonly nowUs: number;
  readonly call: (store: Steps) => Promise<unknown>;
}

const SECOND_US = 1_000_000;
/** Mostly none; else on, just before and just after the bounds below. */
const PAUSES_US = [1_000, 200_000, 500_000, 999_999, SECOND_US, 1_000_001, 2 * SECOND_US, 3 * SECOND_US, 5 * SECOND_US] as const;
const ANY = ["read", "read", "lease", "lease", "lease", "lease", "fill", "fill", "bust", "bust", "bust tag", "bump", "index"] as const;
/** What a caller does next, more often than not. */
const NEXT = new Map<string, readonly [string, ...string[]]>([
  ["read", ["lease"]],
  ["lease", ["fill", "fill", "fill", "bust", "lease"]],
  ["fill", ["index", "promote", "promote", "drop", "read", "lease", "bust"]],
  ["index", ["promote", "promote", "drop"]],
  ["promote", ["read", "lease", "bust"]],
]);
const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 5_000, staleTtlMs: 2_000 };
const bounds = { keepMs: 3_000, readLagMs: 1_000, provisionalMs: 1_000 } as const;
const spec = { floorTtlMs: 6_000, skewMs: 1 };

/** Random steps on one key, its tag and its epoch. What a step needs of an earlier one is what that one answered. */
export class Sequence {
  readonly #rng: Rng;
  readonly #name: string;
  readonly #spaceKind: SpaceKind;
  #nowUs: number;
  #epochs: ReadonlyMap<string, Epoch> = new Map();
  #token = "t1";
  #last = "";

  constructor(rng: Rng, name: string, nowUs: number) {
    this.#rng = rng;
    this.#name = name;
    this.#nowUs = nowUs;
    this.#spaceKind = rng.pick(["counter", "counter", "timestamp"]);
  }

  get key(): string {
    return this.#name;
  }

  next(): Op {
    this.#nowUs += this.#rng.chance(0.6) ? this.#rng.pick([0, 0, 1]) : this.#rng.pick(PAUSES_US);
    const likely = NEXT.get(this.#last);
    const step = likely !== undefined && this.#rng.chance(0.7) ? this.#rng.pick(likely) : this.#rng.pick(ANY);
    this.#last = step;
    return { step, nowUs: this.#nowUs, call: this.#callOf(step) };
  }

  /** Told what the step answered, for the steps behind it. */
  answered(reply: unknown): void {
    if (typeof reply === "object" && reply !== null && "epochs" in reply && reply.epochs instanceof Map) this.#epochs = reply.epochs;
  }

  #callOf(step: string): Op["call"] {
    const key = this.#name;
    if (step === "bust") return this.#bust();
    if (step === "bust tag" || step === "bump") return this.#bustTag(step === "bump" ? "epoch" : "tag");
    const token = this.#rng.chance(step === "lease" ? 0.5 : 0.85) ? this.#token : this.#rng.pick(["t1", "t2"]);
    if (step === "read") return (store) => store.read(key, entry, [{ tag: this.#epochTag, skewMs: 1 }]);
    if (step === "promote") return (store) => store.promote(key, entry, token);
    if (step === "drop") return (store) => store.drop(key, entry, token);
    if (step === "index") {
      const member = { tag: this.#tag, key, fillTimeUs: this.#nowUs, keepMs: bounds.keepMs, ...spec };
      return (store) => store.indexAdd(member);
    }
    if (step === "lease") {
      this.#token = token;
      const request = { key, entry, token, epochs: this.#epochs, leaseTtlMs: 2_000 };
      return (store) => store.lease(request);
    }
    return this.#fill(token);
  }

  #fill(token: string): Op["call"] {
    const deps = new Map(
      ["p/1", "p/2"].filter(() => this.#rng.chance(0.7)).map((subject) => [subject, this.#rng.pick(["3", "4", "10"]) as Version]),
    );
    const request = {
      ...{ key: this.#name, entry, token, value: Buffer.from(String(this.#nowUs)), encoding: "", deps, epochs: this.#epochs, ...bounds },
      tags: this.#rng.chance(0.4) ? [this.#tag] : [],
      primaryRead: this.#rng.chance(0.4),
      freshMs: this.#rng.pick([null, 1_000]),
    };
    return (store) => store.fill(request);
  }

  #bust(): Op["call"] {
    const key = { target: "key", key: this.#name, family: "f", entry } as const;
    const bust: KeyBust = { ...key, ...this.#fact() };
    return (store) => store.bust([bust]).then(([outcome]) => outcome);
  }

  #bustTag(target: "tag" | "epoch"): Op["call"] {
    const bust: TagBust = { target, tag: target === "tag" ? this.#tag : this.#epochTag, spec, ...this.#fact() };
    return (store) => store.bustTags([bust]).then(([outcome]) => outcome);
  }

  #fact() {
    const version = this.#rng.chance(0.15) ? null : this.#version();
    const subject = this.#rng.pick(["p/1", "p/2"]);
    return { subject, version, spaceKind: this.#spaceKind, mode: this.#rng.pick<BustMode>(["hard", "hard", "soft"]), rule: "r" } as const;
  }

  get #tag(): string {
    return `${this.#name}:s`;
  }

  get #epochTag(): string {
    return `${this.#name}:e`;
  }

  #version(): Version {
    return this.#rng.pick(["1", "2", "3", "4", "10"]) as Version;
  }
}

/**
 * A link whose Redis has the time that `nowUs` tells when a call is made: keys that are over by then are gone. Calls need not be
 * awaited one by one; they run in the order in which they were made.
 */
export async function linkAtTime(
  client: Redis,
  { clock, nowUs, edited = {} }: { clock: string; nowUs: () => number; edited?: Partial<Record<ScriptName, string>> },
): Promise<RedisLink> {
  const time = `redis.call("HMGET", "${clock}", "s", "u")`;
  const gone = `do
  local at = ${time}
  for _, key in ipairs(KEYS) do
    local ends = redis.call("PEXPIRETIME", key)
    if ends >= 0 and ends < at[1] * 1000 + math.floor(at[2] / 1000) then redis.call("UNLINK", key) end
  end
end`;
  const shas = new Map<string, string>();
  for (const { name, text } of Object.values(scripts)) {
    const shipped = edited[name] ?? text;
    const timed = shipped.replaceAll('call("TIME")', time).replace(/^#!lua.*\n/, `#!lua flags=allow-oom\n${gone}\n`);
    shas.set(name, String(await client.script("LOAD", timed)));
  }
  return {
    run: async (calls) => {
      const [now, pipeline] = [nowUs(), client.pipeline()];
      pipeline.hset(clock, "s", String(Math.floor(now / SECOND_US)), "u", String(now % SECOND_US));
      for (const { run, keys, args, asBytes } of calls) {
        if (!("script" in run)) throw new Error("only scripts are run");
        const call = [shas.get(run.script) ?? "", keys.length, ...keys, ...args] as const;
        if (asBytes === true) pipeline.callBuffer("evalsha", ...call);
        else pipeline.call("evalsha", ...call);
      }
      return (await execOrThrow(pipeline)).slice(1);
    },
    groupOf: () => "",
    readAt: () => Promise.reject(new Error("nothing is read")),
    eachMaster: async () => [],
    close: () => undefined,
  };
}

/** A name for what a step answered, for the table of what was tried. */
export function cellOf({ step }: Op, reply: unknown): string {
  const outcome = outcomeOf(reply);
  if (step !== "index") return `${step} | ${outcome}`;
  const hasFloors =
    typeof reply === "object" && reply !== null && "floors" in reply && Array.isArray(reply.floors) && reply.floors.length > 0;
  return `${step} | ${hasFloors ? "floors" : "no floors"}`;
}

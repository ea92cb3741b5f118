import { compareVersions, type Version } from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { StorePort } from "../src/port.js";
import { bust, managed, versionOf } from "./cluster-bench.js";

/** What went on, and what must never be there. */
export interface LoadReport {
  busts: number;
  reads: number;
  hits: number;
  fills: Record<string, number>;
  /** Every error that a caller saw. */
  errors: string[];
  /** Reads that found less than the last bust whose call had returned before the read began. */
  stale: string[];
}

export interface LoadOptions {
  readonly store: StorePort;
  readonly keys: readonly string[];
  readonly rng: Rng;
  /** Whether to go on. */
  readonly isOn: () => boolean;
}

const [BUSTERS, READERS, KEYS_PER_BUST] = [2, 10, 4];

/** Writers that bust and readers that fill, over a source whose writes are counted. */
export class ClusterLoad {
  readonly report: LoadReport = { busts: 0, reads: 0, hits: 0, fills: {}, errors: [], stale: [] };
  readonly #options: LoadOptions;
  readonly #written = new Map<string, number>();
  readonly #acknowledged = new Map<string, number>();
  #loads = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const repeat = async (work: () => Promise<void>): Promise<void> => {
      // The first error ends the load: one is too many.
      while (this.#options.isOn() && this.report.errors.length === 0) {
        await work().catch((error: unknown) => this.report.errors.push(String(error)));
      }
    };
    const busters = Array.from({ length: BUSTERS }, () => repeat(() => this.#bust()));
    await Promise.all([...busters, ...Array.from({ length: READERS }, () => repeat(() => this.#read()))]);
  }

  /** Keys with neither a value that is new enough nor a floor that keeps old ones away. */
  async leftovers(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const [key, count] of this.#acknowledged) {
      const { value, floors } = await this.#options.store.inspect(key, managed);
      const deps = typeof value === "object" && value !== null && "deps" in value ? value.deps : new Map<string, Version>();
      const held = [deps.get(`p/${key}`), ...floors.map(({ version }) => version)];
      const isCovered = held.some((version) => version !== undefined && version !== null && isAtLeast(version, count));
      if (!isCovered) left.push(key);
    }
    return left;
  }

  #pick(): string {
    return this.#options.keys[this.#options.rng.integer(0, this.#options.keys.length - 1)] ?? "";
  }

  async #bust(): Promise<void> {
    const keys = [...new Set(Array.from({ length: KEYS_PER_BUST }, () => this.#pick()))];
    const writes = keys.map((key) => {
      const count = (this.#written.get(key) ?? 0) + 1;
      this.#written.set(key, count);
      return { key, count };
    });
    await this.#options.store.bust(writes.map(({ key, count }) => bust(key, count)));
    for (const { key, count } of writes) this.#acknowledged.set(key, Math.max(count, this.#acknowledged.get(key) ?? 0));
    this.report.busts += keys.length;
  }

  async #read(): Promise<void> {
    const { store } = this.#options;
    const key = this.#pick();
    const due = this.#acknowledged.get(key) ?? 0;
    const { found, stored } = await store.read(key, managed, []);
    this.report.reads += 1;
    if (found === "fresh" && stored !== null) {
      const held = stored.deps.get(`p/${key}`);
      this.report.hits += 1;
      if (held === undefined || !isAtLeast(held, due)) this.report.stale.push(`${key} holds ${held}, busted with ${due}`);
      return;
    }
    await this.#fill(key);
  }

  async #fill(key: string): Promise<void> {
    const { store } = this.#options;
    this.#loads += 1;
    const token = `load-${this.#loads}`;
    const lease = await store.lease({ key, entry: managed, token, epochs: new Map(), leaseTtlMs: 5_000 });
    if (lease.outcome !== "leased") return;
    const loaded = versionOf(this.#written.get(key) ?? 0);
    // A load takes a while, and busts overtake it.
    await store.read(key, managed, []);
    const reply = await store.fill({
      key,
      entry: managed,
      token,
      value: Buffer.from(`page of ${loaded}`),
      encoding: "",
      deps: new Map([[`p/${key}`, loaded]]),
      tags: [],
      epochs: new Map(),
      primaryRead: true,
      freshMs: null,
      keepMs: 60_000,
      readLagMs: 0,
      provisionalMs: 1,
    });
    const name = reply.outcome === "refused" ? reply.reason : reply.outcome;
    this.report.fills[name] = (this.report.fills[name] ?? 0) + 1;
  }
}

function isAtLeast(version: Version, count: number): boolean {
  return compareVersions(version, versionOf(count)) >= 0;
}

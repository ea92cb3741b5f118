import type { FreshetError } from "@freshet/protocol";
import { classify } from "./classify.js";
import { checkReach } from "./plaintext.js";
import { RedisConnection, type RedisConnectionConfig } from "./redis-connection.js";
import { hostOf, parseSlots, portOf, type SlotMap } from "./slot-map.js";

/** How long a map is taken as it is, when nothing shows that it is old. */
const MAP_AGE_MS_MAX = 10_000;
/** Every call in trouble asks for a fresh map; one for all of them is enough. */
const MAP_PAUSE_MS = 100;
/** A connection to a server that is on no map any more, e.g. one that slots are moved to, is kept so long after its last use. */
const UNUSED_MS_MAX = 30_000;
/** How many servers are asked for the map at once. */
const ASKED_AT_ONCE = 3;

interface Node {
  readonly connection: RedisConnection;
  usedAtMs: number;
}

/**
 * The servers of a Redis Cluster as far as they are known: one connection each, made on first use, and the map of slots.
 * The URL is where the first map comes from; later ones come from any server.
 */
export class ClusterNodes {
  readonly #config: RedisConnectionConfig;
  readonly #random: () => number;
  readonly #seed: string;
  readonly #nodes = new Map<string, Node>();
  #map: SlotMap | null = null;
  #fetchedAtMs = 0;
  #fetching: Promise<SlotMap> | null = null;
  #isClosed = false;

  constructor(config: RedisConnectionConfig) {
    const { hostname, port } = new URL(config.url);
    this.#config = config;
    this.#random = config.random ?? Math.random;
    this.#seed = `${hostname.replace(/^\[|\]$/g, "")}:${port === "" ? "6379" : port}`;
  }

  /**
   * The map as far as is known; an old one is renewed behind the caller's back.
   *
   * @throws FreshetError while there is none.
   */
  async map(): Promise<SlotMap> {
    if (this.#map === null) return await this.freshMap();
    if (performance.now() - this.#fetchedAtMs > MAP_AGE_MS_MAX) this.renewMap();
    return this.#map;
  }

  /** Begins to fetch the map; whether that works is seen later. */
  renewMap(): void {
    this.freshMap().catch(() => undefined);
  }

  /**
   * The map as some server sees it now, or saw it a moment ago.
   *
   * @throws FreshetError when no server that is known can be asked.
   */
  async freshMap(): Promise<SlotMap> {
    if (this.#map !== null && performance.now() - this.#fetchedAtMs < MAP_PAUSE_MS) return this.#map;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    return await this.#fetching;
  }

  /** @throws FreshetError when the cluster is closed, and FR1002 for an address that only TLS may lead to. */
  at(address: string): RedisConnection {
    if (this.#isClosed) throw closed();
    checkReach(this.#config, hostOf(address));
    const node = this.#nodes.get(address) ?? { connection: new RedisConnection(this.#configOf(address)), usedAtMs: 0 };
    node.usedAtMs = performance.now();
    this.#nodes.set(address, node);
    return node.connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#nodes.values()) connection.close();
    this.#nodes.clear();
  }

  async #fetch(): Promise<SlotMap> {
    let failure: FreshetError = closed();
    const candidates = this.#candidates();
    for (let at = 0; at < candidates.length && !this.#isClosed; at += ASKED_AT_ONCE) {
      const [map] = await Promise.allSettled([Promise.any(candidates.slice(at, at + ASKED_AT_ONCE).map((address) => this.#ask(address)))]);
      if (map.status === "fulfilled") return this.#keep(map.value);
      failure = worstOf(map.reason);
    }
    throw this.#isClosed ? closed() : failure;
  }

  async #ask(address: string): Promise<SlotMap> {
    const reply = await this.at(address).run((client) => client.cluster("SLOTS"));
    const map = parseSlots(reply, address);
    if (map === null || map.masters.length === 0) throw classify(clusterDown(`${address} knows of no slots`));
    return map;
  }

  /** Connected ones first, and in any order: one that is cut off from the others has an old map, and must not be asked each time. */
  #candidates(): readonly string[] {
    const masters = this.#shuffled(this.#map?.masters ?? []);
    const isReady = (address: string): boolean => this.#nodes.get(address)?.connection.isReady === true;
    const known = [...masters.filter(isReady), ...masters.filter((address) => !isReady(address))];
    return [...new Set([...known, this.#seed, ...this.#shuffled(this.#map?.replicas ?? [])])];
  }

  #shuffled(list: readonly string[]): readonly string[] {
    return list
      .map((item) => ({ item, at: this.#random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  #keep(map: SlotMap): SlotMap {
    this.#map = map;
    this.#fetchedAtMs = performance.now();
    const isOnMap = new Set(map.masters);
    for (const [address, { connection, usedAtMs }] of this.#nodes) {
      if (isOnMap.has(address) || this.#fetchedAtMs - usedAtMs < UNUSED_MS_MAX) continue;
      connection.close();
      this.#nodes.delete(address);
    }
    return map;
  }

  #configOf(address: string): RedisConnectionConfig {
    const { url, options = {}, ...rest } = this.#config;
    const host = hostOf(address);
    const target = new URL(url);
    target.host = host.includes(":") ? `[${host}]:${portOf(address)}` : address;
    // A server that is known by its name is checked by that name; a bare address by the name the URL had.
    const isName = /[a-z]/i.test(host) && !host.includes(":");
    const tls = options.tls === undefined || !isName ? {} : { tls: { ...options.tls, servername: host } };
    return { ...rest, url: target.href, options: { ...options, ...tls }, server: address };
  }
}

/** An error as a server gives it, for what only a whole cluster can lack. */
export function clusterDown(what: string): Error {
  return Object.assign(new Error(`CLUSTERDOWN ${what}`), { name: "ReplyError" });
}

function closed(): FreshetError {
  return classify(new Error("Connection is closed."));
}

function worstOf(error: unknown): FreshetError {
  const failures = error instanceof AggregateError ? error.errors.map((one: unknown) => classify(one)) : [classify(error)];
  return failures.find(({ disposition }) => disposition === "halt") ?? failures[0] ?? closed();
}

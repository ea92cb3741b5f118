import { SLOTS } from "./key-slot.js";

/** Which server takes which slot, as one server of the cluster saw it. Addresses are `host:port`. */
export class SlotMap {
  readonly #owners: (string | undefined)[];
  readonly masters: readonly string[];
  readonly replicas: readonly string[];

  constructor(owners: (string | undefined)[], replicas: ReadonlySet<string>) {
    this.#owners = owners;
    this.masters = [...new Set(owners)].filter((address) => address !== undefined);
    this.replicas = [...replicas].filter((address) => !this.masters.includes(address));
  }

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** A server told where a slot went: true until the next look at the whole. */
  move(slot: number, address: string): void {
    this.#owners[slot] = address;
  }

  /** The first slot that no server takes, or `null`. */
  firstUncovered(): number | null {
    const slot = this.#owners.indexOf(undefined);
    return slot === -1 ? null : slot;
  }
}

/**
 * Reads the reply of CLUSTER SLOTS. A server that does not know its own name leaves it out: then it is the one that was
 * asked.
 *
 * @returns `null` for what is no such reply.
 */
export function parseSlots(reply: unknown, asked: string): SlotMap | null {
  if (!Array.isArray(reply)) return null;
  const owners = new Array<string | undefined>(SLOTS).fill(undefined);
  const replicas = new Set<string>();
  for (const range of reply) {
    if (!Array.isArray(range)) return null;
    const [from, to, ...servers] = range.map((item: unknown) => item);
    const [owner, ...others] = servers.map((server) => addressOf(server, asked));
    if (typeof from !== "number" || typeof to !== "number" || to >= SLOTS) return null;
    if (owner !== undefined && owner !== null) owners.fill(owner, from, to + 1);
    for (const other of others) if (other !== null) replicas.add(other);
  }
  return new SlotMap(owners, replicas);
}

function addressOf(server: unknown, asked: string): string | null {
  if (!Array.isArray(server)) return null;
  const [host, port] = server.map((item: unknown) => item);
  if (typeof port !== "number") return null;
  return typeof host === "string" && host !== "" && host !== "?" ? `${host}:${port}` : `${hostOf(asked)}:${port}`;
}

/** The host of `host:port`; an IPv6 address has colons of its own and no brackets. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

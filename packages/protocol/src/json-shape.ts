const encoder = new TextEncoder();
/** Of all paths together, the members on the way included. What is asked for beyond that is read the slow way. */
const SLOTS_MAX = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const ESCAPED = /["\\\u0000-\u001f]/;

/** The members of one object that somebody asks for, in lists side by side. Place 0 is for all that nobody asks for. */
export interface ShapeNode {
  /** UTF-8 in quotes, as names stand in a text without escapes. */
  readonly names: Uint8Array[];
  readonly slots: number[];
  /** What is asked for inside the member; `null` for nothing. */
  readonly inside: (ShapeNode | null)[];
  /** Which member came after this one the last time; after place 0, which came first. Producers keep an order. */
  readonly after: number[];
}

/** Which values of a JSON text a scan notes the place of: a tree of member names, each with a slot. It only grows. */
export class JsonShape {
  readonly root: ShapeNode = newNode();
  size = 0;

  /** The slot of the value at this path, added when it is new; -1 when there can be none. All objects on the way have slots too. */
  slotOf(path: readonly string[]): number {
    let node = this.root;
    let slot = -1;
    for (const [at, name] of path.entries()) {
      const member = this.#memberOf(node, name);
      slot = node.slots[member] ?? -1;
      if (slot === -1 || at === path.length - 1) break;
      node = node.inside[member] ??= newNode();
    }
    return slot;
  }

  #memberOf(node: ShapeNode, name: string): number {
    // Neither stands in a text as it is: a name with an escape, and one that as bytes would be another's.
    if (ESCAPED.test(name) || !name.isWellFormed()) return 0;
    const bytes = encoder.encode(`"${name}"`);
    const known = node.names.findIndex((other) => isSame(bytes, other));
    if (known > 0) return known;
    return this.size < SLOTS_MAX ? addMember(node, bytes, this.size++) : 0;
  }
}

function newNode(): ShapeNode {
  return { names: [new Uint8Array(0)], slots: [-1], inside: [null], after: [1] };
}

function addMember(node: ShapeNode, name: Uint8Array, slot: number): number {
  node.slots.push(slot);
  node.inside.push(null);
  node.after.push(node.names.length + 1);
  return node.names.push(name) - 1;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

import { type EntrySpec, FreshetError, type KeyBust, limits } from "@freshet/protocol";
import { checkWords } from "./bust-requests.js";
import { gateKeyOf } from "./gate-key.js";
import { notYet } from "./not-yet.js";

/** One call of a bust script: up to `limits.keysPerScriptMax` keys, of busts with the same arguments. */
export interface BustCall {
  /** `bust` for managed entries, `bust-other` for those of existing services. */
  readonly script: "bust" | "bust-other";
  /** One a bust, or two or three: a gate and the key of a version lie beside some entries. */
  readonly keys: readonly string[];
  /** ARGV of the script, in the order of its header. */
  readonly args: readonly string[];
  /** Where the busts stood in what was asked. */
  readonly positions: readonly number[];
}

export type BustRun = "apply" | "preview";

/** `none`: something else holds a floor for all of them, as the tag of a sweep does. Of managed entries alone. */
export type BustFloor = "leave" | "none";

interface OpenCall {
  keys: string[];
  args: string[];
  positions: number[];
}

interface Group {
  readonly script: BustCall["script"];
  readonly head: readonly string[];
  /** Without a floor nobody looks at the subject. */
  readonly leavesFloor: boolean;
  readonly calls: OpenCall[];
  /** The call of each place that takes more keys. */
  readonly open: Map<string, OpenCall>;
}

/** Where keys lie: keys of one place may share a call. */
export type GroupOf = (key: string) => string;

const onePlace: GroupOf = () => "";

/** How busts are made, besides what they bust. */
export interface BustWay {
  readonly run: BustRun;
  /** Before each of Freshet's own keys: gates are some of them. */
  readonly prefix: string;
  /** `leave` by default, where the entries have floors at all. */
  readonly floor?: BustFloor;
  /** By default all keys lie in one place. */
  readonly groupOf?: GroupOf;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects from versions
const CONTROL = /[\u0000-\u001f]/;

/**
 * Sorts busts into script calls: same entry spec, space kind and mode together, subject and version one pair per bust. Keys
 * of different places (`groupOf`: the slots of a cluster) never share a call.
 *
 * @throws FreshetError FR1004 (`usage`) for soft busts of entries that cannot be softened, FR1006 (`usage`) for keys that need
 *   others in their slot and can have none there, FR9001 for a subject no floor can hold.
 */
export function planBustCalls(busts: readonly KeyBust[], way: BustWay): readonly BustCall[] {
  const { groupOf = onePlace } = way;
  const groups = new Groups(way);
  let position = 0;
  for (const bust of busts) {
    if (CONTROL.test(bust.subject)) throw new FreshetError("FR9001", "halt", "A subject holds control characters.", "Report it.");
    const group = groups.find(bust);
    const place = groupOf(bust.key);
    const beside = group.script === "bust" ? noKeys : keysBeside(bust, way);
    let call = group.open.get(place);
    if (call === undefined || call.keys.length + beside.length >= limits.keysPerScriptMax) {
      call = { keys: [], args: [...group.head], positions: [] };
      group.calls.push(call);
      group.open.set(place, call);
    }
    call.keys.push(bust.key);
    for (const key of beside) call.keys.push(key);
    call.args.push(group.leavesFloor ? bust.subject : "", bust.version ?? "");
    call.positions.push(position++);
  }
  return groups.calls();
}

const noKeys: readonly string[] = [];

/** The keys that belong to an entry of an existing service, behind its own, as `bust-other.lua` wants them. */
function keysBeside({ key, versionKey, entry }: KeyBust, { prefix, groupOf = onePlace }: BustWay): readonly string[] {
  const gate = hasGateKey(entry) ? [gateKeyOf(prefix, key)] : noKeys;
  if (entry.kind !== "companion") return gate;
  if (versionKey === undefined || groupOf(versionKey) !== groupOf(key)) {
    const problem = versionKey === undefined ? "has no version key" : "and the key of its version lie in different slots";
    throw new FreshetError("FR1006", "usage", `An entry of kind companion ${problem}.`, 'Put the same part of both keys in "{…}".');
  }
  return [...gate, versionKey];
}

/** Families share one spec object, so the look-up is by reference first; equal specs of other callers meet by their text. */
class Groups {
  readonly #bySpec = new Map<EntrySpec, Map<string, Group>>();
  readonly #byHead = new Map<string, Group>();
  readonly #way: BustWay;

  constructor(way: BustWay) {
    this.#way = way;
  }

  find({ entry, spaceKind, mode }: KeyBust): Group {
    let kinds = this.#bySpec.get(entry);
    if (kinds === undefined) {
      kinds = new Map();
      this.#bySpec.set(entry, kinds);
    }
    const name = mode === "hard" ? spaceKind : `${mode} ${spaceKind}`;
    let group = kinds.get(name);
    if (group === undefined) {
      checkWords({ entry, spaceKind, mode });
      if (mode === "soft" && entry.kind !== "managed") throw notYet(`soft busts of entries of kind ${entry.kind}`);
      group = this.#byText(entry, headOf({ entry, spaceKind, mode }, this.#way));
      kinds.set(name, group);
    }
    return group;
  }

  calls(): readonly BustCall[] {
    return [...this.#byHead.values()].flatMap(({ script, calls }) => calls.map((call) => ({ script, ...call })));
  }

  #byText(entry: EntrySpec, head: readonly string[]): Group {
    const script = entry.kind === "managed" ? "bust" : "bust-other";
    const text = [script, ...head].join("\n");
    const group = this.#byHead.get(text) ?? { script, head, leavesFloor: leavesFloor(entry), calls: [], open: new Map() };
    this.#byHead.set(text, group);
    return group;
  }
}

/** The first seven of ARGV; the only place besides the scripts that knows their order. */
function headOf({ entry, spaceKind, mode }: Pick<KeyBust, "entry" | "spaceKind" | "mode">, way: BustWay): readonly string[] {
  const { kind, versionField, onUnversioned, floorTtlMs, staleTtlMs } = entry;
  const { run, floor = "leave" } = way;
  const floorTtlUs = String(floorTtlMs * 1000);
  if (kind === "managed") return [spaceKind, mode, onUnversioned, floorTtlUs, String(staleTtlMs * 1000), floor, run];
  return [kind, versionField, spaceKind, onUnversioned, floorTtlUs, leavesFloor(entry) ? "gate" : "none", run];
}

/** Whether busts of such entries leave a floor. */
export function leavesFloor({ kind, gate }: EntrySpec): boolean {
  return kind === "managed" || (gate && kind !== "opaque");
}

/** Whether floors and lease lie in a key of their own, because the entry has no room for them. */
export function hasGateKey({ kind, gate }: EntrySpec): boolean {
  return gate && (kind === "json" || kind === "prefix" || kind === "companion");
}

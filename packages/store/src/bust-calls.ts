import { type EntrySpec, FreshetError, type KeyBust, limits, type SpaceKind } from "@freshet/protocol";
import { notYet } from "./not-yet.js";

/** One call of the bust script: up to `limits.keysPerScriptMax` busts of one arguments shape. */
export interface BustCall {
  readonly keys: readonly string[];
  /** ARGV of the script, in the order of its header. */
  readonly args: readonly string[];
  /** Where the busts stood in what was asked. */
  readonly positions: readonly number[];
}

export type BustRun = "apply" | "preview";

/** `none`: something else holds a floor for all of them, as the tag of a sweep does. */
export type BustFloor = "leave" | "none";

interface OpenCall {
  keys: string[];
  args: string[];
  positions: number[];
}

interface Group {
  readonly head: readonly string[];
  readonly calls: OpenCall[];
  /** The call of each place that takes more keys. */
  readonly open: Map<string, OpenCall>;
}

/** Where keys lie: keys of one place may share a call. */
export type GroupOf = (key: string) => string;

const onePlace: GroupOf = () => "";

/** How a call of the bust script is made, besides what it busts. */
export interface BustWay {
  readonly run: BustRun;
  /** `leave` by default, where the entries have floors at all. */
  readonly floor?: BustFloor;
  /** By default all keys lie in one place. */
  readonly groupOf?: GroupOf;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects from versions
const CONTROL = /[\u0000-\u001f]/;

/**
 * Sorts busts into script calls: same entry spec and space kind together, subject and version one pair per key. Keys
 * of different places (`groupOf`: the slots of a cluster) never share a call.
 *
 * @throws FreshetError FR1004 (`usage`) for what this release does not run, FR9001 for a subject no floor can hold.
 */
export function planBustCalls(busts: readonly KeyBust[], way: BustRun | BustWay): readonly BustCall[] {
  const { run, floor = "leave", groupOf = onePlace } = typeof way === "string" ? { run: way } : way;
  const groups = new Groups(run, floor);
  for (const [position, bust] of busts.entries()) {
    if (bust.mode !== "hard") throw notYet("soft busts");
    if (CONTROL.test(bust.subject)) throw new FreshetError("FR9001", "halt", "A subject holds control characters.", "Report it.");
    const group = groups.find(bust.entry, bust.spaceKind);
    const place = groupOf(bust.key);
    let call = group.open.get(place);
    if (call === undefined || call.keys.length === limits.keysPerScriptMax) {
      call = { keys: [], args: [...group.head], positions: [] };
      group.calls.push(call);
      group.open.set(place, call);
    }
    call.keys.push(bust.key);
    call.args.push(bust.subject, bust.version ?? "");
    call.positions.push(position);
  }
  return groups.calls();
}

/** Families share one spec object, so the look-up is by reference first; equal specs of other callers meet by their text. */
class Groups {
  readonly #bySpec = new Map<EntrySpec, Map<SpaceKind, Group>>();
  readonly #byHead = new Map<string, Group>();
  readonly #run: BustRun;
  readonly #floor: BustFloor;

  constructor(run: BustRun, floor: BustFloor) {
    this.#run = run;
    this.#floor = floor;
  }

  find(entry: EntrySpec, spaceKind: SpaceKind): Group {
    let kinds = this.#bySpec.get(entry);
    if (kinds === undefined) {
      kinds = new Map();
      this.#bySpec.set(entry, kinds);
    }
    let group = kinds.get(spaceKind);
    if (group === undefined) {
      group = this.#byText(headOf(entry, spaceKind, { run: this.#run, floor: this.#floor }));
      kinds.set(spaceKind, group);
    }
    return group;
  }

  calls(): readonly BustCall[] {
    return [...this.#byHead.values()].flatMap((group) => group.calls);
  }

  #byText(head: readonly string[]): Group {
    const text = head.join("\n");
    const group = this.#byHead.get(text) ?? { head, calls: [], open: new Map() };
    this.#byHead.set(text, group);
    return group;
  }
}

/** The first seven of ARGV; the only place besides the script that knows their order. */
function headOf(entry: EntrySpec, spaceKind: SpaceKind, { run, floor }: { run: BustRun; floor: BustFloor }): readonly string[] {
  const { kind, versionField, onUnversioned, floorTtlMs } = entry;
  const leave = leavesFloor(entry) ? floor : "none";
  return [kind, versionField, spaceKind, onUnversioned, String(floorTtlMs * 1000), leave, run];
}

/**
 * Whether busts of such entries leave a floor.
 *
 * @throws FreshetError FR1004 for kinds and gates this release does not run.
 */
export function leavesFloor({ kind, gate }: EntrySpec): boolean {
  if (kind === "managed") return true;
  if (kind === "hash") return gate;
  if (kind === "prefix" || kind === "companion") throw notYet(`entries of kind ${kind}`);
  if (gate) throw notYet(`a gate for entries of kind ${kind}`);
  return false;
}

import type { BustMode } from "./bust.js";
import type { EpochRecord, EpochState } from "./decide-epoch.js";
import type { PendingBust, SweepCursor, TagState } from "./decide-tag.js";
import type { SpaceKind } from "./event.js";
import { encodeFloors, readMarks } from "./floor-layout.js";
import { parseVersion } from "./version.js";

/**
 * How a tag lies in Redis (`docs/reference/redis-layout.md`): an index (sorted set of entry keys by fill time), this hash
 * beside it, and for epoch tags a hash of its own. What is empty has no field.
 */
const tagFields = {
  floors: "f",
  /** The next list: busts that no walk has begun with. */
  next: "n",
  /** The walk under way: who holds it, until when, where it is, and its list. */
  sweepId: "i",
  heldUntil: "u",
  cursor: "c",
  busts: "b",
  keepMsMax: "k",
  /** When the state may go, in milliseconds; only while something is pending, when the key itself has no time to live. */
  end: "x",
} as const;

const epochFields = { generation: "g", hardGeneration: "h", records: "r" } as const;

const PENDING = /^(\d{16})([hs])([ctn])([^\n\t]+)\t(\d*)$/;
const RECORD = /^([hs])([^\n\t]+)\t(\d+)$/;
const TIME = /^\d{1,16}$/;
const spaceKinds: ReadonlyMap<string, SpaceKind> = new Map([
  ["c", "counter"],
  ["t", "timestamp"],
  ["n", "none"],
]);

/** `\n<raisedAtUs, 16 digits><h|s><c|t|n><subject>\t<version>`, repeated; a blind bust has no version. */
export function encodePending(busts: readonly PendingBust[]): string {
  return busts
    .map(({ raisedAtUs, mode, spaceKind, subject, version }) => {
      const at = String(raisedAtUs).padStart(16, "0");
      return `\n${at}${mode.charAt(0)}${spaceKind.charAt(0)}${subject}\t${version ?? ""}`;
    })
    .join("");
}

/** The list a step goes by. A text that cannot be read as a whole counts as one blind hard bust raised now: stricter, never looser. */
export function readPending(text: string, nowUs: number): readonly PendingBust[] {
  const busts: PendingBust[] = [];
  for (const line of linesOf(text)) {
    const [, at, mode = "", kind = "", subject = "", digits = ""] = PENDING.exec(line) ?? [];
    const spaceKind = spaceKinds.get(kind);
    const version = digits === "" ? null : parseVersion(digits);
    if (at === undefined || spaceKind === undefined || (version === null && digits !== "")) {
      return [{ subject: "*", version: null, spaceKind: "none", mode: "hard", raisedAtUs: nowUs }];
    }
    busts.push({ subject, version, spaceKind, mode: modeOf(mode), raisedAtUs: Number(at) });
  }
  return busts;
}

/** `<score>\t<member>`; a member may hold anything. */
export function encodeCursor({ score, member }: SweepCursor): string {
  return `${score}\t${member}`;
}

/** `null` for no text, and for one that cannot be read: the walk begins again. */
export function decodeCursor(text: string): SweepCursor | null {
  const tab = text.indexOf("\t");
  const score = text.slice(0, Math.max(0, tab));
  return TIME.test(score) ? { score: Number(score), member: text.slice(tab + 1) } : null;
}

/** The fields of a tag's state, without the end that only Redis needs. */
export function encodeTag(state: TagState): ReadonlyMap<string, string> {
  const { sweep, next, keepMsMax } = state;
  const fields: (readonly [string, string])[] = [
    [tagFields.floors, encodeFloors(state)],
    [tagFields.next, encodePending(next)],
    [tagFields.sweepId, sweep?.id ?? ""],
    [tagFields.heldUntil, sweep === null ? "" : String(sweep.heldUntilUs)],
    [tagFields.cursor, sweep === null || sweep.cursor === null ? "" : encodeCursor(sweep.cursor)],
    [tagFields.busts, encodePending(sweep?.busts ?? [])],
    [tagFields.keepMsMax, keepMsMax === 0 ? "" : String(keepMsMax)],
  ];
  return new Map(fields.filter(([, text]) => text !== ""));
}

/** A tag's state; times that cannot be read are 0, so that a walk may be claimed. `nowUs`: for texts that cannot be read. */
export function decodeTag(fields: ReadonlyMap<string, string>, nowUs: number): TagState {
  const { floors, blindFloor } = readMarks(fields.get(tagFields.floors) ?? "", nowUs);
  const id = fields.get(tagFields.sweepId) ?? "";
  const heldUntilUs = numberOf(fields.get(tagFields.heldUntil)) ?? 0;
  const cursor = decodeCursor(fields.get(tagFields.cursor) ?? "");
  const busts = readPending(fields.get(tagFields.busts) ?? "", nowUs);
  return {
    floors,
    blindFloor,
    sweep: id === "" ? null : { id, heldUntilUs, cursor, busts },
    next: readPending(fields.get(tagFields.next) ?? "", nowUs),
    keepMsMax: numberOf(fields.get(tagFields.keepMsMax)) ?? 0,
  };
}

export function encodeEpoch({ generation, hardGeneration, records }: EpochState): ReadonlyMap<string, string> {
  const text = records.map(({ mode, subject, version }) => `\n${mode.charAt(0)}${subject}\t${version}`).join("");
  const fields = new Map<string, string>([
    [epochFields.generation, String(generation)],
    [epochFields.hardGeneration, String(hardGeneration)],
  ]);
  return text === "" ? fields : fields.set(epochFields.records, text);
}

/** `null` for an epoch that is missing or cannot be read, which is as good as lost: it is made again. Records are then not known. */
export function decodeEpoch(fields: ReadonlyMap<string, string>): EpochState | null {
  const generation = numberOf(fields.get(epochFields.generation));
  const hardGeneration = numberOf(fields.get(epochFields.hardGeneration));
  if (generation === null || hardGeneration === null) return null;
  const records = linesOf(fields.get(epochFields.records) ?? "").map(recordOf);
  return { generation, hardGeneration, records: records.every((record) => record !== null) ? records : [] };
}

function recordOf(line: string): EpochRecord | null {
  const [, mode = "", subject = "", digits = ""] = RECORD.exec(line) ?? [];
  const version = parseVersion(digits);
  return version === null ? null : { subject, version, mode: modeOf(mode) };
}

/** Lines each led by a line break; a text that does not begin with one is a line nothing can read. */
function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  return text.startsWith("\n") ? text.slice(1).split("\n") : [""];
}

function modeOf(letter: string): BustMode {
  return letter === "h" ? "hard" : "soft";
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && TIME.test(text) ? Number(text) : null;
}

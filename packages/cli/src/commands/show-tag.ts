import type { PendingBust } from "@freshet/protocol";
import type { TagView } from "@freshet/store/port";
import { floorRows, timeText } from "./show-floors.js";

/** How the rules file declares a tag. */
export interface DeclaredTag {
  readonly name: string;
  readonly kind: "swept" | "epoch";
}

type Rows = readonly (readonly [label: string, text: string])[];

/** One tag as lines: its floors, what waits for a walk, the walk under way, its epoch. */
export function tagRows(tag: string, declared: readonly DeclaredTag[], view: TagView): Rows {
  const { sweep, next, epoch, indexSize } = view;
  const isSwept = declared.some(({ kind }) => kind === "swept");
  const isEpoch = declared.some(({ kind }) => kind === "epoch");
  return [
    ["tag", tag],
    ...declared.map(({ name, kind }) => ["declared", `${name}, ${kind}`] as const),
    ...(isSwept || indexSize > 0 ? [["index", `${indexSize} member${indexSize === 1 ? "" : "s"}`] as const] : []),
    ...floorRows(view),
    ...next.map((bust) => ["pending", pendingText(bust)] as const),
    ...(sweep === null ? [] : sweepRows(sweep)),
    ...(isEpoch && epoch === null ? [["epoch", "none yet: nobody has read or busted it"] as const] : []),
    ...(epoch === null ? [] : [["epoch", `${epoch.generation}, hard ${epoch.hardGeneration}, ${ageText(epoch.ageUs)} old`] as const]),
  ];
}

function sweepRows({ busts, cursor, heldUntilUs }: NonNullable<TagView["sweep"]>): Rows {
  const where = cursor === null ? "at its start" : `at ${cursor.member}, filled ${timeText(cursor.score)}`;
  return [["walk", `${where}, held until ${timeText(heldUntilUs)}`], ...busts.map((bust) => ["walked for", pendingText(bust)] as const)];
}

function pendingText({ subject, version, mode, raisedAtUs }: PendingBust): string {
  return `${version === null ? "blind" : `${subject} ${version}`} ${mode}, raised ${timeText(raisedAtUs)}`;
}

function ageText(microseconds: number): string {
  return `${Math.round(microseconds / 1000)} ms`;
}

/** The same as JSON: the names of the protocol, times in microseconds. The id of a walk is a right, and stays untold. */
export function tagJson(view: TagView): object {
  const { sweep } = view;
  if (sweep === null) return view;
  return { ...view, sweep: { heldUntilUs: sweep.heldUntilUs, cursor: sweep.cursor, busts: sweep.busts } };
}

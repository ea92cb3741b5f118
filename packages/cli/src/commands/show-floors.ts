import type { Floors } from "@freshet/protocol";

/** Floors as lines, of an entry or of a tag. */
export function floorRows({ floors, blindFloor }: Floors): readonly (readonly [label: string, text: string])[] {
  return [
    ...floors.map((floor) => ["floor", `${floor.subject} ${floor.version} ${floor.mode}, raised ${timeText(floor.raisedAtUs)}`] as const),
    ...(blindFloor === null ? [] : [["floor", `blind ${blindFloor.mode}, raised ${timeText(blindFloor.raisedAtUs)}`] as const]),
  ];
}

/** A time of Redis in RFC 3339. */
export function timeText(microseconds: number): string {
  return new Date(microseconds / 1000).toISOString();
}

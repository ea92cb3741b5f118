/** Where a dead letter lies in its topic. */
export interface LetterPlace {
  readonly partition: number;
  readonly offset: number;
}

const form = /^(0|[1-9]\d{0,9})-(0|[1-9]\d{0,15})$/;

/** `<partition>-<offset>`. */
export function letterIdOf({ partition, offset }: LetterPlace): string {
  return `${partition}-${offset}`;
}

/** The place that such an id names; `null` when it is no such id. */
export function readLetterId(id: string): LetterPlace | null {
  const [, partition, offset] = form.exec(id) ?? [];
  const place = { partition: Number(partition), offset: Number(offset) };
  return Number.isSafeInteger(place.offset) && place.partition < 2 ** 31 ? place : null;
}

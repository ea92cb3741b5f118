import { expect } from "@jest/globals";
import { checkDeadLetters } from "../dead-letters.js";
import { foretell, type SentRecord } from "../oracle.js";
import { differences } from "../redis-entries.js";
import type { Act, Scene } from "../scene.js";
import type { ReadRecord } from "../topics.js";

/**
 * No record unaccounted for: what the topic holds is read back and given to the oracle, and Redis and the dead-letter topic
 * must be what it says. Whatever was acknowledged must be in the topic: or the broker lost it, and this run says nothing. Answers with how many records
 * the topic has: a producer that did not hear a broker's answer sends again, so there may be more than were meant.
 */
export async function accountFor(drill: {
  readonly scene: Scene;
  readonly act: Act;
  readonly acknowledged: number;
  readonly tell: (text: string) => void;
}): Promise<number> {
  const { scene, act, acknowledged, tell } = drill;
  const records = await scene.topics.readAll(scene.topic);
  expect(records.length).toBeGreaterThanOrEqual(acknowledged);
  const letters = await scene.topics.readAll(scene.deadLetterTopic);
  await expectEnd({ scene, act, incarnations: [{ records, letters }] });
  tell(
    `${acknowledged} records were sent, ${records.length} are in the topic; ${letters.length} dead letters; Redis is as the oracle says`,
  );
  return records.length;
}

/** A life of the topic: its records, and the dead letters that came of them. */
export interface Incarnation {
  readonly records: readonly ReadRecord[];
  readonly letters: readonly ReadRecord[];
}

/** Holds Redis against what the oracle makes of all records, and each life's dead letters against its poison. */
export async function expectEnd(end: {
  readonly scene: Scene;
  readonly act: Act;
  readonly incarnations: readonly Incarnation[];
}): Promise<void> {
  const { scene, act, incarnations } = end;
  const { keyPrefix } = scene;
  const all = incarnations.flatMap(({ records }) => records.map(asSent));
  const expected = foretell({ keyPrefix, initial: act.initial, sent: all });
  expect((await differences(scene.redis, act.initial, expected)).slice(0, 20)).toEqual([]);
  for (const { records, letters } of incarnations) {
    const sent = records.map(asSent);
    const places = records.map(({ place }) => place);
    const own = foretell({ keyPrefix, initial: act.initial, sent });
    const { wrong, missing } = checkDeadLetters({ letters, sent, places, expected: own });
    expect({ wrong: wrong.slice(0, 20), missing: missing.slice(0, 20) }).toEqual({ wrong: [], missing: [] });
  }
}

function asSent({ place, key, value, headers }: ReadRecord): SentRecord {
  const listed = [...headers].flatMap(([name, values]) => values.map((bytes) => [name, bytes] as const));
  return { partition: place.partition, key, value, headers: listed };
}

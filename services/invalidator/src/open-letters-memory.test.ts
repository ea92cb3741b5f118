import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { OffsetRange } from "@freshet/kafka/port";
import type { KafkaRecord } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { createOpenLetters, type OpenLettersOptions } from "./open-letters.js";

const jobs = "freshet.jobs.t";
const MARKS = 60_000;
/** Marks so far apart share no block of memory. */
const APART = 128;
const BATCH_RECORDS = 1000;
const value = Buffer.from('{"jobId":"j","writtenAtMs":5}');

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}

/** Records that are made as they are read, so that whoever keeps some is seen; `onRead` after each reading. */
function madeAsRead(
  { earliest, letters, apart }: { earliest: number; letters: number; apart: number },
  onRead: () => void,
): OpenLettersOptions["kafka"] {
  const records = ({ topic, partition }: OffsetRange, from: number, to: number): KafkaRecord[] =>
    Array.from({ length: to - from }, (_, at) => {
      const offset = from + at;
      const key = topic === jobs ? Buffer.from(`resolved/0-${offset * apart}`) : null;
      const headers = topic === jobs ? [] : [{ name: "freshet-reason", value: Buffer.from("rule_error") }];
      return { topic, partition, offset, timestampMs: 5, key, value: topic === jobs ? value : null, headers };
    });
  return {
    offsets: async ([topic = ""]) => {
      const ends = topic === jobs ? { earliest: 0, end: MARKS } : { earliest, end: earliest + letters };
      return [{ topic, partition: 0, earliest: ends.earliest, latest: ends.end, stable: ends.end }];
    },
    read: async ({ ranges, onBatch }) => {
      for (const range of ranges) {
        for (let from = range.from; from < range.to; from += BATCH_RECORDS) {
          const some = records(range, from, Math.min(range.to, from + BATCH_RECORDS));
          await onBatch({ topic: range.topic, partition: range.partition, records: some, highWatermark: range.to });
        }
      }
      onRead();
    },
    deleteGroup: async () => undefined,
  };
}

const MiB = 2 ** 20;

test.each([
  ["that retention has taken", { earliest: MARKS * APART, letters: 10, apart: APART }],
  ["that are not there yet", { earliest: 0, letters: 10, apart: APART }],
  ["that are there, more than fit a window", { earliest: 0, letters: MARKS, apart: 1 }],
])("marks of letters %s take no memory that grows with their number", async (_which, there) => {
  const windowOffsets = there.letters / 2;
  let most = 0;
  const kafka = madeAsRead(there, () => {
    most = Math.max(most, heapBytes());
  });
  const letters = createOpenLetters({ kafka, deployment: "t", windowOffsets });
  const before = heapBytes();
  await letters.look(new AbortController().signal);
  expect(letters.oldest().get("rule_error")).toBe(there.letters === MARKS ? null : 5);
  // As keys of a map, 60,000 texts take 5 MiB and more, and blocks for places far apart 60; 8 bytes for each place of a window are 0.2.
  expect((most - before) / MiB).toBeLessThan(3);
});

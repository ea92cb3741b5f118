import { createMemoryLog } from "@freshet/kafka";
import { readResolved } from "@freshet/replay";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createOpenLetters } from "./open-letters.js";

const [dlq, jobs] = ["freshet.dlq.t", "freshet.jobs.t"];
const stop = new AbortController().signal;

/** What happens to the topics: letters, marks of some that are there or not, looks. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("letter" as const), partition: fc.nat(1), isOurs: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("mark" as const),
      id: fc.tuple(fc.nat(1), fc.nat(2)).map(([partition, offset]) => `${partition}-${offset}`),
      says: fc.constantFrom("its time", "another time", "no time", "taken away", "no JSON"),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "look" as const }) },
);

test("the service takes those marks that the commands take, in windows of any size, all at once or one after the other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), fc.integer({ min: 1, max: 5 }), async (steps, windowOffsets) => {
      const clock = { ms: 1000, nowMs: () => clock.ms };
      const log = createMemoryLog({ clock });
      const kafka = log.client();
      const made = { replicationFactor: -1, config: {} };
      await kafka.createTopics([
        { topic: dlq, partitions: 2, ...made },
        { topic: jobs, partitions: 1, ...made },
      ]);
      const letters = createOpenLetters({ kafka, deployment: "t", windowOffsets });
      for (const one of steps) {
        clock.ms++;
        if (one.kind === "look") await letters.look(stop);
        else if (one.kind === "letter") {
          const headers = [{ name: "freshet-reason", value: Buffer.from(one.isOurs ? "rule_error" : "theirs") }];
          await kafka.produce([{ topic: dlq, partition: one.partition, key: null, value: null, headers }]);
        } else {
          const written = log.records(dlq).find(({ partition, offset }) => `${partition}-${offset}` === one.id)?.timestampMs;
          const values = {
            "its time": `{"writtenAtMs":${written ?? 1}}`,
            "another time": '{"writtenAtMs":5}',
            "no time": "{}",
            "no JSON": "{",
          };
          const value = one.says === "taken away" ? null : Buffer.from(values[one.says]);
          await kafka.produce([{ topic: jobs, key: Buffer.from(`resolved/${one.id}`), value, headers: [] }]);
        }
      }
      await letters.look(stop);
      await letters.look(stop); // what a mark took back is seen when all is read anew
      const resolved = await readResolved(kafka, { deployment: "t", group: "g", stop, onProgress: () => {} });
      const open = log.records(dlq).filter(({ partition, offset, timestampMs, headers }) => {
        const isOurs = Buffer.from(headers[0]?.value ?? []).toString() === "rule_error";
        return isOurs && !resolved.has(partition, offset, timestampMs);
      });
      expect(letters.oldest().get("rule_error")).toBe(open.length === 0 ? null : Math.min(...open.map(({ timestampMs }) => timestampMs)));
    }),
    { numRuns: 300 },
  );
});

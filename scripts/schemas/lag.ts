import type { LagReport } from "@freshet/invalidator";
import { lagStates } from "@freshet/kafka";
import { z } from "zod";
import { instant, offset } from "./fields.ts";

const seconds = z.number().nonnegative();
const count = z.int().nonnegative();

const partition = z.strictObject({
  topic: z.string().min(1),
  partition: z.int().nonnegative(),
  state: z.enum(lagStates),
  reason: z.string().min(1).meta({ description: "A sentence that says why." }),
  records: count.nullable().meta({ description: "Stable offsets that are not applied; a few of them may be control records." }),
  openRecords: count.meta({ description: "Offsets of open transactions, and what waits behind them." }),
  seconds: seconds
    .nullable()
    .meta({ description: "Age of the oldest record that is not applied, by its own timestamp; null when not known." }),
  committed: offset.nullable().meta({ description: "The next offset the group reads; null when it has committed none." }),
  earliest: offset,
  stable: offset.meta({ description: "The last stable offset: what lies above belongs to open transactions." }),
  latest: offset.meta({ description: "The high watermark." }),
});

const schema = z.strictObject({
  at: instant,
  group: z.strictObject({
    group: z.string().min(1),
    state: z.enum(["stable", "rebalancing", "empty", "missing"]),
    members: count,
  }),
  attention: z.boolean().meta({ description: "Something is stale or does not move; the command ends with 3." }),
  staleAfterSeconds: seconds,
  oldestSeconds: seconds.nullable().meta({ description: "Of all partitions and sweeps; null when one could not be asked." }),
  partitions: z.array(partition),
  missingTopics: z.array(z.string().min(1)).meta({ description: "Topics of the rules that do not exist." }),
  sweeps: z
    .strictObject({ pending: count, oldestSeconds: seconds })
    .nullable()
    .meta({ description: "Busts of tags that are not walked to the end; null when Redis was not asked or did not answer." }),
});

/** What `freshet lag --json` prints. */
export const lag = { name: "lag.v1", title: "What freshet lag --json prints", schema: schema satisfies z.ZodType<LagReport> };

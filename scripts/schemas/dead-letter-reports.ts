import { deadLetterListSchema, deadLetterShownSchema, deadLetterStatsSchema } from "@freshet/replay";
import type { Contract } from "./json-schema.ts";

/** What `freshet dlq list | stats | show --json` print. */
export const deadLetterReports: readonly Contract[] = [
  { name: "dlq-list.v1", title: "Dead letters by cause: freshet dlq list --json", schema: deadLetterListSchema },
  { name: "dlq-show.v1", title: "All of one dead letter: freshet dlq show ID --json", schema: deadLetterShownSchema },
  { name: "dlq-stats.v1", title: "Dead letters in numbers: freshet dlq stats --json", schema: deadLetterStatsSchema },
];

import { deadReasons } from "@freshet/protocol";
import { z } from "zod";
import { instant } from "./fields.ts";

const text = z.string();

const schema = z.strictObject({
  "__dlq.errors.topic": text.min(1).meta({ description: "The topic of the record." }),
  "__dlq.errors.partition": text.regex(/^\d+$/),
  "__dlq.errors.offset": text.regex(/^\d+(?:-\d+)?$/).meta({ description: "FIRST-LAST for a batch that nobody could decode." }),
  "__dlq.errors.group": text.min(1),
  "__dlq.errors.message": text.min(1).meta({ description: "What is wrong and what to do, without values from the record." }),
  "freshet-reason": z.enum(deadReasons),
  "freshet-rule": text.meta({ description: "The rule that failed; empty when none was reached." }),
  "freshet-fingerprint": text.regex(/^[0-9a-f]{16}$/).meta({ description: "The same for the same reason, rule and sentence." }),
  "freshet-first-failed-at": instant,
  "freshet-last-failed-at": instant,
  "freshet-attempts": text.regex(/^[1-9]\d*$/),
  "freshet-rules-hash": text.regex(/^[0-9a-f]{64}$/),
});

/** The headers a dead letter has on top of the record's own, as names and texts; on the wire each value is UTF-8. */
export const deadLetterHeaders = {
  name: "dead-letter.v1",
  title: "The headers Freshet adds to a dead letter",
  schema,
};

import { z } from "zod";
import { mode, op } from "./fields.ts";

const texts = z.union([z.string(), z.int()]);
const anyMap = z.record(z.string(), z.unknown());
const targets = ["key", "tag", "epoch"] as const;

const event = z.strictObject({
  source: z.string().optional().meta({ description: "Needed when the rules have several sources." }),
  type: z.string().optional(),
  subject: texts.optional(),
  version: texts.optional().meta({ description: "Digits; quote what is past 2^53." }),
  op: op.optional(),
  data: anyMap.optional(),
  previous: anyMap.optional(),
  tenant: z.string().optional(),
  time: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const expected = z
  .strictObject({ key: texts.optional(), tag: texts.optional(), epoch: texts.optional(), mode: mode.optional() })
  .refine((item) => targets.filter((target) => item[target] !== undefined).length === 1, { error: "one of key, tag and epoch" })
  .meta({ oneOf: targets.map((target) => ({ required: [target] })) });

const schema = z.strictObject({
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        event,
        expect: z.array(expected).meta({ description: "All busts the event makes, and no others." }),
      }),
    )
    .min(1),
});

/** A `*.test.yaml` beside a rules file. */
export const ruleTest = { name: "rule-test.v1", title: "Tests of a rules file", schema };

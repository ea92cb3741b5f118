import { z } from "zod";
import { instant, text } from "../json-kinds.js";

const deadLetters = z.looseObject({
  kind: z.literal("dlq"),
  topic: text.meta({ description: "The dead-letter topic." }),
  since: instant.nullable(),
  until: instant.nullable(),
  reason: text.nullable(),
  rule: text.nullable(),
  where: text.nullable().meta({ description: "CEL over the decoded event." }),
  resolved: z.boolean().meta({ description: "true: letters that a replay has resolved before, too." }),
});

const history = z.looseObject({
  kind: z.literal("history"),
  topic: text.meta({ description: "A topic of the rules file." }),
  from: instant,
  to: instant,
  where: text.nullable().meta({ description: "CEL over the decoded event." }),
});

/** What a replay reads, with times that do not move: chosen once, the same on every machine that goes on with it. */
export const selectionSchema = z.discriminatedUnion("kind", [deadLetters, history]);

export type Selection = z.infer<typeof selectionSchema>;

/** `oldest`: in the order of the topic. `newest`: the newest stretch of offsets first, each in the order of the topic. */
export const orders = ["oldest", "newest"] as const;
export type Order = (typeof orders)[number];

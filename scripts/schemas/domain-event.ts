import type { DomainEvent, JsonObject } from "@freshet/protocol";
import { z } from "zod";
import { op, version } from "./fields.ts";
import type { Same } from "./same.ts";

const jsonObject = z
  .custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value))
  .meta({ type: "object" });

const schema = z.strictObject({
  id: z.string().meta({ description: "The producer's id of the event; for logs only." }),
  space: z.string().min(1).meta({ description: "What the versions count, from the source's declaration." }),
  subject: z.string().min(1).meta({ description: "The id without its space; the subject is <space>/<id>." }),
  version: version.nullable().meta({ description: "null for a blind event." }),
  op,
  type: z.string(),
  source: z.string().min(1).meta({ description: "The name of the source in the rules file." }),
  timeUs: z.number().nullable().meta({ description: "Commit time in microseconds since 1970." }),
  time: z.string().meta({ description: "The event's own time as written; empty when absent." }),
  tenant: z.string().nullable(),
  data: jsonObject,
  previous: jsonObject,
  headers: jsonObject.meta({ type: "object", description: "Header name to text, the last of a repeated one." }),
  trace: z.string().nullable().meta({ description: "W3C trace context of the producer." }),
});

/** What every input format decodes to. */
export const domainEvent = {
  name: "domain-event.v1",
  title: "A domain event, decoded",
  schema: schema satisfies z.ZodType<DomainEvent>,
};
true satisfies Same<z.infer<typeof schema>, DomainEvent>;

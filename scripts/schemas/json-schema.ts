import { z } from "zod";

/** A schema of the contract: what `schemas/<name>.json` is made from. */
export interface Contract {
  /** `domain-event.v1`. */
  readonly name: string;
  readonly title: string;
  readonly schema: z.ZodType;
}

/**
 * The text of a schema file: JSON Schema 2020-12, the same bytes for the same model. What zod cannot put into JSON Schema
 * (a custom check) carries its JSON Schema as metadata; what neither can say is shown by `schemas/examples/invalid`.
 */
export function schemaText({ name, title, schema }: Contract): string {
  const { $schema, ...body } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input", unrepresentable: "any" });
  return `${JSON.stringify({ $schema, $id: `urn:freshet:schema:${name}`, title, ...body }, null, 2)}\n`;
}

/** An expression could not be evaluated. The message names fields and types of the rule, never values of the record. */
export class EvaluationFailure extends Error {}

/** The words for a field that an event does not have. */
export function missingField(name: string): string {
  return `there is no field \`${name}\``;
}

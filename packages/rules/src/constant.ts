import type { DomainEvent } from "@freshet/protocol";
import type { Program } from "./cel.js";
import { Scope } from "./scope.js";

const nothing: DomainEvent = {
  id: "",
  space: "",
  subject: "",
  version: null,
  op: "update",
  type: "",
  source: "",
  timeUs: null,
  time: "",
  tenant: null,
  data: {},
  previous: {},
  headers: {},
  trace: null,
};

/** What an expression that reads no variable always gives; `undefined` when it reads some, or always fails. */
export function constantOf(program: Program): unknown {
  if (program.reads.size > 0) return undefined;
  try {
    return program.evaluate(new Scope(nothing));
  } catch {
    return undefined;
  }
}

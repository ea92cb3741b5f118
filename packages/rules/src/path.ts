import { type DomainEvent, followMembers, type JsonObject, type JsonValue } from "@freshet/protocol";
import type { ASTNode } from "@marcbachmann/cel-js";
import { EvaluationFailure, missingField } from "./failure.js";
import { type CelValue, celValue, isList, JsonMap, type Scope } from "./scope.js";

type Read = (scope: Scope) => CelValue;

/**
 * A bare variable or a chain of fields (`subject`, `data.brand.id`, `item.id`) as a direct read, with what the CEL
 * library would answer but without its cost; `null` for any other expression.
 */
export function readPath(node: ASTNode, item: boolean): Read | null {
  const names: string[] = [];
  let at = node;
  while (at.op === ".") {
    names.unshift(at.args[1]);
    at = at.args[0];
  }
  if (at.op !== "id") return null;
  if (names.length === 0) return readVariable(at.args);
  const root = rootOf(at.args);
  if (root !== null) return (scope) => readFields(scope.event, root, names);
  return item && at.args === "item" ? (scope) => readItem(scope.item, names) : null;
}

/** A field of the event as JSON has it; `null` for any other expression. */
export function readRaw(node: ASTNode): ((scope: Scope) => JsonValue) | null {
  const names: string[] = [];
  let at = node;
  while (at.op === ".") {
    names.unshift(at.args[1]);
    at = at.args[0];
  }
  const root = at.op === "id" && names.length > 0 ? rootOf(at.args) : null;
  return root === null ? null : ({ event }) => fieldOf(event, root, names) ?? walk(event[root], names);
}

function readVariable(name: string): Read | null {
  const reads: ReadonlyMap<string, Read> = new Map<string, Read>([
    ["subject", (scope) => scope.event.subject],
    ["space", (scope) => scope.event.space],
    ["version", (scope) => present(scope.event.version)],
    ["op", (scope) => scope.event.op],
    ["type", (scope) => scope.event.type],
    ["source", (scope) => scope.event.source],
    ["time", (scope) => scope.event.time],
    ["tenant", (scope) => scope.event.tenant],
    ["item", (scope) => scope.item ?? null],
  ]);
  return reads.get(name) ?? null;
}

function present(version: string | null): string {
  if (version === null) throw new EvaluationFailure("`version` is not there or of another type");
  return version;
}

/** The variables that hold objects of the event. */
export type Root = "data" | "previous" | "headers";

export function rootOf(name: string): Root | null {
  return name === "data" || name === "previous" || name === "headers" ? name : null;
}

function readFields(event: DomainEvent, root: Root, names: readonly string[]): CelValue {
  const field = fieldOf(event, root, names);
  return celValue(field === undefined ? walk(event[root], names) : field);
}

/** The value at a path, `undefined` when it is not there. Only members of objects count. */
export function fieldOf(event: DomainEvent, root: Root, names: readonly string[]): JsonValue | undefined {
  return root !== "headers" && event.field !== undefined ? event.field(root, names) : followMembers(event[root], names);
}

/** Step by step, so that a failure names the field that is missing. */
function walk(object: JsonObject, names: readonly string[]): JsonValue {
  let value: JsonValue = object;
  for (const name of names) value = ownField(value, name);
  return value;
}

function ownField(value: JsonValue, name: string): JsonValue {
  if (typeof value === "object" && value !== null && !isList(value) && Object.hasOwn(value, name)) {
    const field = value[name];
    if (field !== undefined) return field;
  }
  throw new EvaluationFailure(missingField(name));
}

function readItem(item: CelValue | undefined, names: readonly string[]): CelValue {
  let value: unknown = item;
  for (const name of names) {
    value = value instanceof JsonMap ? value.get(name) : ownOf(value, name);
    if (value === undefined) throw new EvaluationFailure(missingField(name));
  }
  return value as CelValue;
}

/** A field of a map that the rule itself wrote: `forEach: '[{"id": 1}]'`. */
function ownOf(value: unknown, name: string): unknown {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

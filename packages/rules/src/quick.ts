import type { DomainEvent, JsonValue } from "@freshet/protocol";
import type { ASTNode } from "@marcbachmann/cel-js";
import { fieldOf, type Root, rootOf } from "./path.js";

/** An answer without the CEL library; `undefined` for everything it should be asked for, errors among them. */
export type Quick = (event: DomainEvent) => boolean | undefined;

type Read = (event: DomainEvent) => JsonValue | undefined;
type Compare = (left: JsonValue, right: JsonValue) => boolean | undefined;

/**
 * The plain part of CEL that most conditions are made of: fields and literals compared, `has`, and these joined by `&&`, `||`,
 * `!`. It decides only where both sides are of one plain kind, so that every rule about kinds, absence and errors has one
 * home, the library. `null` for an expression that it can never answer.
 */
export function quickly(node: ASTNode): Quick | null {
  if (node.op === "&&" || node.op === "||") return junction(node.args[0], node.args[1], node.op === "||");
  if (node.op === "!_") return negation(node.args);
  if (node.op === "call") return node.args[0] === "has" ? presence(node.args[1][0]) : null;
  const compare = comparisons.get(node.op);
  return compare === undefined ? null : comparison(node.args as ASTNode[], compare);
}

/** `decisive`: the value of either side that makes the other one not matter. */
function junction(left: ASTNode, right: ASTNode, decisive: boolean): Quick | null {
  const [first, second] = [quickly(left), quickly(right)];
  if (first === null || second === null) return null;
  return (event) => {
    const held = first(event);
    return held === undefined || held === decisive ? held : second(event);
  };
}

function negation(node: ASTNode): Quick | null {
  const inner = quickly(node);
  if (inner === null) return null;
  return (event) => {
    const held = inner(event);
    return held === undefined ? undefined : !held;
  };
}

function presence(node: ASTNode | undefined): Quick | null {
  const at = node === undefined ? null : placeOf(node);
  if (at === null) return null;
  const { root, names } = at;
  const isDirect = names.length === 1;
  return (event) => (fieldOf(event, root, names) !== undefined ? true : isDirect ? false : undefined);
}

const comparisons: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["==", (left, right) => (isAlike(left, right) ? left === right : undefined)],
  ["!=", (left, right) => (isAlike(left, right) ? left !== right : undefined)],
  ["<", ordered((left, right) => left < right)],
  ["<=", ordered((left, right) => left <= right)],
  [">", ordered((left, right) => left > right)],
  [">=", ordered((left, right) => left >= right)],
]);

function comparison([left, right]: readonly ASTNode[], compare: Compare): Quick | null {
  const readLeft = left === undefined ? null : reader(left);
  const readRight = right === undefined ? null : reader(right);
  if (readLeft === null || readRight === null) return null;
  return (event) => {
    const one = readLeft(event);
    const other = readRight(event);
    return one === undefined || other === undefined ? undefined : compare(one, other);
  };
}

function ordered(compare: (left: number | string, right: number | string) => boolean): Compare {
  return (left, right) => (isOrdered(left) && isOrdered(right) && typeof left === typeof right ? compare(left, right) : undefined);
}

/** Whether both are texts, both integers (as CEL has them: `1.0` of JSON is one) or both truth values. */
function isAlike(left: JsonValue, right: JsonValue): boolean {
  return typeof left === typeof right && (typeof left === "boolean" || (isOrdered(left) && isOrdered(right)));
}

function isOrdered(value: JsonValue): value is number | string {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function reader(node: ASTNode): Read | null {
  if (node.op === "value") return literal(node.args);
  if (node.op === "id") return variables.get(node.args) ?? null;
  const at = placeOf(node);
  return at === null ? null : (event) => fieldOf(event, at.root, at.names);
}

function literal(value: unknown): Read | null {
  if (typeof value === "string" || typeof value === "boolean") return () => value;
  if (typeof value !== "bigint" || !Number.isSafeInteger(Number(value))) return null;
  const integer = Number(value);
  return () => integer;
}

const variables: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["subject", (event) => event.subject],
  ["space", (event) => event.space],
  ["op", (event) => event.op],
  ["type", (event) => event.type],
  ["source", (event) => event.source],
]);

/** `data.a.b`: where it starts, and the names on the way. */
function placeOf(node: ASTNode): { readonly root: Root; readonly names: readonly string[] } | null {
  const names: string[] = [];
  let at = node;
  while (at.op === ".") {
    names.unshift(at.args[1]);
    at = at.args[0];
  }
  const root = at.op === "id" ? rootOf(at.args) : null;
  return root === null || names.length === 0 ? null : { root, names };
}

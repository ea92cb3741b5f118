import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLError, type YAMLMap } from "yaml";
import { offsetInScalar } from "./scalar.js";
import type { Finding, Mistake } from "./types.js";

/** Where something stands in a file: keys and indices from its top. */
export type Path = readonly (string | number)[];
export type Position = Pick<Finding, "line" | "column">;

/** Stands for a value that already has a finding, so that nothing else is said about it. */
export const broken: unique symbol = Symbol("broken");

const fileCharactersMax = 1_000_000;
const depthMax = 32;
/** Aliases repeat what they name: a small file must not become a large one. */
const nodesMax = 200_000;
/** One missing bracket can make a whole file unreadable. */
const syntaxFindingsMax = 10;

/** A YAML file as plain data, with the place of each part of it. */
export interface YamlFile {
  /** Plain data; parts that have a finding are `broken`. */
  readonly data: unknown;
  readonly findings: readonly Finding[];
  /** False where a syntax error makes everything else guesswork. */
  readonly readable: boolean;
  /** Where the value starts, or what holds it when it is not there. */
  readonly at: (path: Path) => Position;
  readonly atKey: (path: Path) => Position;
  /** The place of one character of a text value, through its quotes and escapes. */
  readonly atCharacter: (path: Path, offset: number) => Position;
  /** Whether a text stands there without quotes. */
  readonly isUnquoted: (path: Path) => boolean;
}

/** Reads YAML 1.2. Never throws; warnings, duplicate keys and unknown tags are findings. */
export function readYaml(text: string): YamlFile {
  if (text.length > fileCharactersMax) {
    return unreadable("yaml_too_large", `the file has ${text.length} characters; ${fileCharactersMax} are allowed`, "Split the file.");
  }
  try {
    return convert(text);
  } catch (error) {
    const problem = error instanceof RangeError ? "the file is nested too deep" : "the YAML cannot be read";
    return unreadable("yaml_syntax", problem, "Write the file in the shape of the reference, without unusual YAML.");
  }
}

function unreadable(code: string, problem: string, fix: string): YamlFile {
  const start = (): Position => ({ line: 1, column: 1 });
  const findings = [{ line: 1, column: 1, code, problem, fix }];
  return { data: broken, findings, readable: false, at: start, atKey: start, atCharacter: start, isUnquoted: () => false };
}

function convert(text: string): YamlFile {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, intAsBigInt: true, logLevel: "error" }); // "silent" would hide that there is a second document
  const position = positions(text);
  const findings = document.errors.slice(0, syntaxFindingsMax).map((error) => ({ ...position(error.pos[0]), ...syntaxMistake(error) }));
  const warnings = document.warnings.map((warning) => ({ ...position(warning.pos[0]), ...warningMistake(warning, text) }));
  const readable = findings.length === 0;
  const reader = new Reader(document, text, position);
  const data = readable ? reader.read(document.contents, 0) : broken;
  const nodeAt = (path: Path): Node | null => reader.find(path).node;
  return {
    data,
    findings: withoutRepeats([...findings, ...warnings, ...reader.findings]),
    readable: readable && data !== broken,
    at: (path) => position(reader.find(path).value),
    atKey: (path) => position(reader.find(path).key),
    atCharacter: (path, offset) => position(offsetInScalar(text, nodeAt(path), offset)),
    isUnquoted: (path) => {
      const node = nodeAt(path);
      return isScalar(node) && node.type === "PLAIN";
    },
  };
}

function syntaxMistake(error: YAMLError): Mistake {
  const problem = error.message.includes("call stack") ? "it is nested too deep" : lowerFirst(error.message);
  const fix =
    error.code === "TAB_AS_INDENT" ? "Indent with spaces." : "Mend the syntax here; put texts with : # { } [ ] , & * ! | > or % in quotes.";
  return { code: "yaml_syntax", problem: `the YAML cannot be read: ${problem}`, fix };
}

/** What YAML would read all the same, but not as its author meant it. */
function warningMistake({ code, message, pos }: YAMLError, text: string): Mistake {
  if (code === "TAG_RESOLVE_FAILED") return tagMistake(text.slice(pos[0], pos[1]));
  return { code: "yaml_warning", problem: `the YAML is doubtful: ${lowerFirst(message)}`, fix: "Write it so that there is no doubt." };
}

function tagMistake(tag: string): Mistake {
  const fix = "Quote the whole text: YAML reads an unquoted `!` as a tag and drops it.";
  return { code: "yaml_tag", problem: `YAML reads \`${tag.slice(0, 60)}\` as a tag`, fix };
}

function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const byPlace = new Map<string, Finding>();
  for (const finding of findings) {
    const place = `${finding.line}:${finding.column} ${finding.code}`;
    if (!byPlace.has(place)) byPlace.set(place, finding);
  }
  return [...byPlace.values()];
}

/** Line and column of an offset, both from 1. (The library's own counter is wrong after a syntax error.) */
function positions(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const at = Math.max(0, Math.min(offset, text.length));
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  };
}

interface Found {
  readonly node: Node | null;
  readonly key: number;
  readonly value: number;
}

/** Turns nodes into plain data, and finds the place of a path again. */
class Reader {
  readonly findings: Finding[] = [];
  #nodes = 0;
  readonly #open = new Set<Node>();
  /** What each anchor names so far, and what each alias turned out to name. */
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Node, Node>();
  readonly #pairs = new Map<Node, ReadonlyMap<string, Pair>>();
  readonly #document: Document;
  readonly #text: string;
  readonly #position: (offset: number) => Position;

  constructor(document: Document, text: string, position: (offset: number) => Position) {
    this.#document = document;
    this.#text = text;
    this.#position = position;
  }

  read(node: Node | null, depth: number): unknown {
    if (node === null) return null;
    if (depth > depthMax || ++this.#nodes > nodesMax) throw new RangeError("too deep or too many aliases");
    if (isAlias(node)) return this.#readAlias(node, depth);
    if ("anchor" in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (this.#open.has(node))
      return this.#report(node, { code: "yaml_alias", problem: "an alias names something it is part of", fix: "Write the value out." });
    if (node.tag?.startsWith("!") === true) return this.#reportTag(node, node.tag);
    this.#open.add(node);
    const value = isMap(node) ? this.#readMap(node, depth) : isSeq(node) ? this.#readList(node.items, depth) : this.#readScalar(node);
    this.#open.delete(node);
    return value;
  }

  find(path: Path): Found {
    const start = this.#document.contents;
    let found: Found = { node: start, key: offsetOf(start, 0), value: offsetOf(start, 0) };
    for (const step of path) {
      const next = this.#step(found, step);
      if (next === null) return found;
      found = next;
    }
    return found;
  }

  #step(from: Found, step: string | number): Found | null {
    const node = from.node !== null && isAlias(from.node) ? (this.#targets.get(from.node) ?? null) : from.node;
    if (isSeq(node)) {
      const item = node.items[step as number];
      if (item === undefined) return null;
      const at = offsetOf(item as Node, from.value);
      return { node: item as Node, key: at, value: at };
    }
    if (!isMap(node)) return null;
    const pair = this.#pairsOf(node).get(String(step));
    if (pair === undefined) return null;
    const key = offsetOf(pair.key as Node, from.value);
    return { node: pair.value as Node | null, key, value: offsetOf(pair.value as Node | null, key) };
  }

  /** The first pair of each key, as `read` keeps it. */
  #pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known;
    const pairs = new Map<string, Pair>();
    for (const pair of map.items) {
      const name = keyText(pair.key);
      if (name !== null && !pairs.has(name)) pairs.set(name, pair);
    }
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #readAlias(node: Node, depth: number): unknown {
    const target = isAlias(node) ? this.#anchors.get(node.source) : undefined;
    if (target !== undefined) {
      this.#targets.set(node, target);
      return this.read(target, depth + 1);
    }
    return this.#report(node, {
      code: "yaml_alias",
      problem: "an alias names an anchor that is not there",
      fix: "Set the anchor `&name` before the alias `*name`.",
    });
  }

  #readMap(map: YAMLMap, depth: number): unknown {
    const entries = new Map<string, unknown>();
    for (const { key, value } of map.items) {
      const name = keyText(key);
      if (name === null || name === "__proto__") {
        this.#report(key as Node, {
          code: "malformed_name",
          problem: "a name must be a plain text",
          fix: "Write a plain word before the colon.",
        });
      } else if (entries.has(name)) {
        this.#report(key as Node, {
          code: "duplicate_key",
          problem: `\`${name}\` stands here twice`,
          fix: "Keep one of the two; YAML would drop the other in silence.",
        });
      } else {
        entries.set(name, this.read(value as Node | null, depth + 1));
      }
    }
    return Object.fromEntries(entries);
  }

  #readList(items: readonly unknown[], depth: number): unknown[] {
    return items.map((item) => this.read(item as Node | null, depth + 1));
  }

  #readScalar(node: Node): unknown {
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
    return this.#report(node, {
      code: "yaml_tag",
      problem: "this kind of YAML value is not used here",
      fix: "Write a text, number, list or map.",
    });
  }

  #reportTag(node: Node, tag: string): typeof broken {
    // A node starts behind its tag.
    const at = this.#text.lastIndexOf(tag, offsetOf(node, 0));
    this.findings.push({ ...this.#position(at < 0 ? offsetOf(node, 0) : at), ...tagMistake(tag) });
    return broken;
  }

  #report(node: Node, mistake: Mistake): typeof broken {
    this.findings.push({ ...this.#position(offsetOf(node, 0)), ...mistake });
    return broken;
  }
}

function offsetOf(node: Node | null | undefined, fallback: number): number {
  return node?.range?.[0] ?? fallback;
}

/** Keys are texts; a number or `true` before a colon counts as its text. */
function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null;
  const { value } = key;
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : null;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Stands in every bad input; nothing that a log or an error says may hold it. In the files it is written `¤`. */
export const CANARY = "cAnArY-7f3e";

/** One line of a file of `bad-inputs`; what the columns are is told at the head of each file. */
export interface BadInput {
  /** `framing:12`. */
  readonly place: string;
  readonly source: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly expected: string;
}

/** What is put in the place of a part of the good input, `null` for nothing; `-name` takes the part out. */
export interface Edit {
  readonly name: string;
  readonly bytes: Buffer | null;
}

const FOLDER = join(import.meta.dirname, "bad-inputs");

/** Not for the service to read: each has a test of its own. */
const ELSEWHERE: readonly string[] = ["command-line", "redis-content"];

/** All lines of all files that the service reads, or of one file. */
export function badInputs(only?: string): readonly BadInput[] {
  return (only === undefined ? badInputFiles() : [only]).flatMap((name) => {
    const lines = readFileSync(join(FOLDER, `${name}.txt`), "utf8").split("\n");
    return lines.flatMap((line, at) => (/^\s*(#|$)/.test(line) ? [] : [readLine(line, `${name}:${at + 1}`)]));
  });
}

export function badInputFiles(): readonly string[] {
  const names = readdirSync(FOLDER).map((name) => name.slice(0, -4));
  return names.filter((name) => !ELSEWHERE.includes(name)).toSorted();
}

function readLine(line: string, place: string): BadInput {
  const columns = line.split(" | ").map((column) => column.trim());
  const [source = "", what = "", input = "", expected = ""] = columns;
  if (columns.length !== 4 || what === "" || expected === "") throw new Error(`${place}: a line has four columns`);
  return { place, source, what, edits: new Reader(input, place).edits(), expected };
}

/** Reads `name=pieces` and `-name`, with blanks between them; the pieces of a value are joined by `+`. */
class Reader {
  #at = 0;
  readonly #text: string;
  readonly #place: string;

  constructor(text: string, place: string) {
    this.#text = text;
    this.#place = place;
  }

  edits(): Edit[] {
    const edits: Edit[] = [];
    while (this.#at < this.#text.length) {
      const name = this.#take(/-?[^\s=]+/y);
      if (name.startsWith("-")) edits.push({ name, bytes: null });
      else {
        this.#take(/=/y);
        edits.push({ name, bytes: this.#isNext(/null(?=\s|$)/y) ? null : this.#value() });
      }
      this.#isNext(/\s+/y);
    }
    return edits;
  }

  #value(): Buffer {
    const pieces = [this.#piece()];
    while (this.#isNext(/\+/y)) pieces.push(this.#piece());
    return Buffer.concat(pieces);
  }

  /** A text in quotes, bytes in hex, a list or members, or one of them squeezed or cut; `*N` repeats it. */
  #piece(): Buffer {
    const bytes = this.#single();
    if (!this.#isNext(/\*/y)) return bytes;
    return Buffer.alloc(bytes.length * Number(this.#take(/\d+/y)), bytes);
  }

  #single(): Buffer {
    if (this.#isNext(/'/y)) return Buffer.from(unescaped(this.#take(/(?:[^'\\]|\\.)*'/y).slice(0, -1)));
    if (this.#isNext(/hex:/y)) return Buffer.from(this.#take(/(?:[0-9a-f]{2})+/y), "hex");
    const name = this.#take(/[a-z0-9]+(?=\()/y);
    this.#take(/\(/y);
    if (name === "numbers") return Buffer.from(`[${this.#counted((at) => `${at}`)}]`);
    if (name === "members") return Buffer.from(this.#counted((at) => `"m${at}":${at}`));
    const inner = this.#value();
    if (name === "cut") {
      this.#take(/,/y);
      return inner.subarray(0, this.#number());
    }
    this.#take(/\)/y);
    if (name === "gzip") return gzipSync(inner);
    if (name === "base64") return Buffer.from(inner.toString("base64"));
    throw new Error(`${this.#place}: there is no ${name}()`);
  }

  #counted(item: (at: number) => string): string {
    return Array.from({ length: this.#number() }, (_, at) => item(at)).join(",");
  }

  #number(): number {
    const digits = this.#take(/\d+/y);
    this.#take(/\)/y);
    return Number(digits);
  }

  #isNext(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    this.#at += found?.[0].length ?? 0;
    return found !== null;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new Error(`${this.#place}: character ${this.#at + 1} of the input is not ${pattern.source}`);
    this.#at += found[0].length;
    return found[0];
  }
}

/** `\xNN` and `\uNNNN` are characters, `\\`, `\'` and `\p` (for `|`) themselves, `\n` a line break. */
export function unescaped(text: string): string {
  return text
    .replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/gi, (_whole, two?: string, four?: string, one?: string) => {
      if (one !== undefined) return { n: "\n", r: "\r", p: "|" }[one] ?? one;
      return String.fromCharCode(Number.parseInt(two ?? four ?? "0", 16));
    })
    .replaceAll("¤", CANARY);
}

import type { Path, Position, YamlFile } from "./document.js";
import type { Finding, Mistake } from "./types.js";

/** A part of the file, and who hears of its mistakes. */
export interface Spot {
  readonly path: Path;
  readonly report: Report;
}

/** Collects findings with their places. */
export class Report {
  readonly file: YamlFile;
  readonly #findings: Finding[] = [];

  constructor(file: YamlFile) {
    this.file = file;
  }

  at(path: Path, mistake: Mistake): void {
    this.#add(this.file.at(path), mistake);
  }

  atKey(path: Path, mistake: Mistake): void {
    this.#add(this.file.atKey(path), mistake);
  }

  /** At one character of the text value there. */
  atCharacter(path: Path, offset: number, mistake: Mistake): void {
    this.#add(this.file.atCharacter(path, offset), mistake);
  }

  get count(): number {
    return this.#findings.length;
  }

  /** Findings in the order of the file. */
  findings(): readonly Finding[] {
    return this.#findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  #add({ line, column }: Position, { code, problem, fix }: Mistake): void {
    this.#findings.push({ line, column, code, problem, fix });
  }
}

/** One promise, put to the test: what was done, what was then read from the store and the log, and why it is so. */
export interface Chapter {
  readonly kind: "chapter";
  readonly number: number;
  readonly promise: string;
  readonly did: readonly string[];
  readonly seen: string;
  readonly why: string;
  readonly held: boolean;
}

/** What the demo tells, as values; `tellingLines` makes lines of them. */
export type Telling =
  | Chapter
  | { readonly kind: "banner"; readonly lines: readonly string[] }
  | { readonly kind: "verdict"; readonly held: boolean; readonly promises: number; readonly broken: readonly string[] }
  | { readonly kind: "next"; readonly commands: readonly string[] };

const WIDTH = 80;
const LABEL = 9;

/** A telling as lines of at most 80 columns. `mark` colours the words that say how a promise went. */
export function tellingLines(telling: Telling, mark: (word: string, held: boolean) => string): readonly string[] {
  switch (telling.kind) {
    case "banner":
      return [...telling.lines, ""];
    case "chapter":
      return chapterLines(telling, mark);
    case "verdict":
      return verdictLines(telling, mark);
    case "next":
      return ["Next:", ...telling.commands.map((command) => `  ${command}`)];
  }
}

function chapterLines(chapter: Chapter, mark: (word: string, held: boolean) => string): readonly string[] {
  return [
    `${chapter.number}. ${chapter.promise}`,
    ...chapter.did.flatMap((text, at) => labelled(at === 0 ? "did" : "", text)),
    ...labelled("seen", chapter.seen),
    ...labelled("why", chapter.why),
    `   ${mark(chapter.held ? "held" : "BROKEN", chapter.held)}`,
    "",
  ];
}

function verdictLines(verdict: Telling & { kind: "verdict" }, mark: (word: string, held: boolean) => string): readonly string[] {
  if (verdict.held) return [mark(`All ${verdict.promises} promises held.`, true), ""];
  const count = `${verdict.broken.length} of ${verdict.promises} promises broken:`;
  return [mark(count, false), ...verdict.broken.map((promise) => `  ${promise}`), ""];
}

function labelled(label: string, text: string): readonly string[] {
  return wrap(text, WIDTH - LABEL).map((line, at) => `   ${(at === 0 ? label : "").padEnd(LABEL - 3)}${line}`);
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { infra } from "../rule-files.js";

/** A page of `infra/runbooks`, as far as a machine can act on it. */
export interface Runbook {
  readonly alert: string;
  /** The commands of "What to do", in the order of the page. */
  readonly commands: readonly string[];
  /** A section's text in one line. Fails where the page has no such heading. */
  section(heading: string): string;
}

export function readRunbook(alert: string): Runbook {
  return parseRunbook(readFileSync(join(infra, "runbooks", `${alert}.md`), "utf8"));
}

export function parseRunbook(page: string): Runbook {
  const [title = "", ...parts] = page.split(/^## /m);
  const alert = title.replace(/^# /, "").trim();
  const sections = new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")).trim(), part.slice(part.indexOf("\n"))]));
  const textOf = (heading: string): string => {
    const text = sections.get(heading);
    if (text === undefined) throw new Error(`the runbook of ${alert} has no section "${heading}"`);
    return text;
  };
  const blocks = [...textOf("What to do").matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, block = ""]) => block);
  const commands = blocks.flatMap((block) =>
    block
      .replaceAll(/\s*\\\n\s*/g, " ")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#")),
  );
  return { alert, commands, section: (heading) => textOf(heading).replaceAll(/\s+/g, " ").trim() };
}

const NUMBERS: Readonly<Record<string, number>> = { a: 1, two: 2, three: 3, five: 5, ten: 10, fifteen: 15, thirty: 30 };
const UNITS_MS: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000 };

/**
 * How long a page says that something takes: `Within 2 minutes of the first`, `Ten minutes after the last`. Where a phrase has a number
 * only, as the second of two has, it is minutes; where it has none (`At the first slice that ends`), 0.
 *
 * @param phrase what the section must say, word for word.
 */
export function statedMs(section: string, phrase: string): number {
  if (!section.includes(phrase)) throw new Error(`the page does not say "${phrase}", but: ${section}`);
  const words = Object.keys(NUMBERS).join("|");
  const [, count = "0", unit = ""] = new RegExp(`\\b(\\d+|${words}) (second|minute|hour)s?\\b`, "i").exec(phrase) ?? [];
  if (unit !== "") return (NUMBERS[count.toLowerCase()] ?? Number(count)) * (UNITS_MS[unit.toLowerCase()] ?? 0);
  const [, minutes = "0"] = /\bwithin (\d+)\b/i.exec(phrase) ?? [];
  return Number(minutes) * 60_000;
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { limits } from "../limits.js";

const PAGE = join(import.meta.dirname, "../../../../docs/reference/formats.md");
const CALL = /rejected\(\s*"(\w+)",\s*(?:"([^"]+)"|`([^`]+)`),\s*"([^"]+)",?\s*\)/g;

const FRAMES = join(import.meta.dirname, "../../../schema-registry/src/rejections.ts");

/** Every rejection of these formats and of frames as a row of the page's table; CloudEvents say theirs by attribute. */
function rows(): readonly string[] {
  const files = readdirSync(import.meta.dirname).filter((name) => !name.includes("cloudevent") && !name.includes(".test."));
  const texts = [...files.map((name) => join(import.meta.dirname, name)), FRAMES].map((path) => readFileSync(path, "utf8"));
  return texts.flatMap((text) =>
    [...text.matchAll(CALL)].map(([, reason, plain, filled, fix]) => `| \`${reason}\` | ${plain ?? fillIn(filled ?? "")} | ${fix} |`),
  );
}

function fillIn(template: string): string {
  return template.replaceAll(/\$\{limits\.(\w+)\}/g, (_, name: keyof typeof limits) => String(limits[name]));
}

test("the page has every rejection, and no others", () => {
  const page = readFileSync(PAGE, "utf8");
  const told = page.split("\n").filter((line) => /^\| `[a-z_]+` \| .* \| .* \|$/.test(line) && line.split("|").length === 5);
  expect(rows().length).toBeGreaterThan(20);
  expect(told.toSorted()).toEqual(rows().toSorted());
});

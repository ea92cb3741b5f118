import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { dependenciesFile } from "./generate/dependencies-page.ts";

const file = readFileSync(join(import.meta.dirname, "..", "infra", "dependencies.json"), "utf8");

interface Listed {
  readonly package: string;
  readonly version: string;
  readonly licence: string;
  readonly hasInstallScript: boolean;
}

const { direct, indirect } = JSON.parse(file) as { readonly direct: readonly Listed[]; readonly indirect: readonly Listed[] };
const all = [...direct, ...indirect];
/** Of those none asks for more than its text in a copy. */
const LICENCES = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"]);
const DIRECT_MAX = 14;

describe("what is installed with the invalidator", () => {
  test("is listed as it is now: run npm run generate", () => {
    expect(dependenciesFile()).toBe(file);
  });

  test(`has at most ${DIRECT_MAX} direct dependencies`, () => {
    expect(direct.length).toBeGreaterThan(0);
    expect(direct.length).toBeLessThanOrEqual(DIRECT_MAX);
  });

  test("runs no script when it is installed", () => {
    expect(all.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([]);
  });

  test("has licences that ask for nothing but their text", () => {
    expect(all.filter(({ licence }) => !LICENCES.has(licence)).map((one) => `${one.package}: ${one.licence}`)).toEqual([]);
  });

  test("has a row for each direct one in the decision on dependencies", () => {
    const decision = readFileSync(join(import.meta.dirname, "..", "docs", "decisions", "0002-dependencies.md"), "utf8");
    expect(
      direct.filter((one) => !decision.includes(`| ${one.package} | ${one.version} | ${one.licence} |`)).map((one) => one.package),
    ).toEqual([]);
  });
});

import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { freshet, startFreshet } from "./process.js";

const ESCAPE = String.fromCharCode(27);

describe("freshet dev --once, as a process", () => {
  test("shows seven promises, all held, and ends with 0", async () => {
    const { code, stdout, stderr } = await freshet(["dev", "--once"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("All 7 promises held.\n");
    expect(stdout.match(/^ {3}held$/gm)).toHaveLength(7);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain(ESCAPE);
  });

  test("with a bust that removes nothing it ends with 1 and says which promises broke", async () => {
    const { code, stdout } = await freshet(["dev", "--once"], { FRESHET_TEST_BREAK_BUSTS: "1" });
    expect(code).toBe(1);
    const verdict = stdout.slice(stdout.indexOf("6 of 7 promises broken:"));
    expect(verdict).toContain("  A price change busts the cached page\n");
    expect(verdict).toContain("  A repeated event does nothing: the refilled page stays\n");
    expect(verdict).toContain("  A bust of a brand takes every listing page of it along\n");
    expect(verdict).not.toContain("An older event");
  });

  test("--json is one object a line, the verdict among them", async () => {
    const { code, stdout } = await freshet(["dev", "--once", "--json"]);
    expect(code).toBe(0);
    const told = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string });
    expect(told.map(({ kind }) => kind)).toEqual(["banner", ...Array.from({ length: 7 }, () => "chapter"), "verdict", "next"]);
    expect(told).toContainEqual({ kind: "verdict", held: true, promises: 7, broken: [] });
  });
});

describe("freshet dev, until it is stopped", () => {
  test("one Ctrl-C that arrives three times ends it with its verdict and 130", async () => {
    const { child, stdout, ended } = startFreshet(["dev"]);
    await until(() => stdout().includes("1. A price change"), { what: "the first promise" });
    for (let press = 0; press < 3; press++) child.kill("SIGINT");
    const { code } = await ended;
    expect(code).toBe(130);
    expect(stdout()).toContain("promises held.");
  });

  test("says at once that nothing is kept, and what to do next", async () => {
    const { child, stdout, ended } = startFreshet(["dev"]);
    await until(() => stdout().includes("1. A price change"), { what: "the first promise" });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(stdout()).toContain("everything is lost on exit");
    expect(stdout().match(/^ {2}npx freshet /gm)).toHaveLength(3);
  });

  test("a reader that goes away ends it without an error", async () => {
    const { child, stdout, ended } = startFreshet(["dev"]);
    await until(() => stdout().includes("1. A price change"), { what: "the first promise" });
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("a closed pipe", () => {
  test("a reader that is gone before the first line: no stack, and the command's own exit code", async () => {
    const broken = startFreshet(["dev", "--once", "--json"], { FRESHET_TEST_BREAK_BUSTS: "1" });
    broken.child.stdout?.destroy();
    expect(await broken.ended).toMatchObject({ code: 1, stderr: "" });
  });
});

test("the examples of the help work as they stand", async () => {
  const rules = "services/example-shop/rules.yaml";
  expect((await freshet(["rules", "check", rules])).code).toBe(0);
  expect((await freshet(["rules", "test", "services/example-shop/rules.test.yaml"])).code).toBe(0);
  const explained = await freshet(["rules", "explain", rules, "--event", "services/example-shop/price-change.json"]);
  expect(explained.code).toBe(0);
  expect(explained.stdout).toContain("key page:42");
});

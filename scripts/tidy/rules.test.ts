import { describe, expect, test } from "@jest/globals";
import { withoutExceptions } from "./exceptions.ts";
import { rules } from "./rules.ts";
import { type Finding, treeOf } from "./tree.ts";

type Files = Readonly<Record<string, string>>;

/** What one rule, or all of that name, says about a few small files: `path:line`. */
function findings(rule: string, files: Files): readonly Finding[] {
  const tree = treeOf(Object.entries(files).map(([path, text]) => ({ path, text })));
  return rules.filter(({ name }) => name === rule).flatMap(({ check }) => check(tree));
}

function places(rule: string, files: Files): readonly string[] {
  return findings(rule, files).map(({ path, line }) => `${path}:${line}`);
}

const inPipeline = "packages/pipeline/src/loop.ts";
const inProtocol = "packages/protocol/src/version.ts";
const aTest = "packages/store/src/bust.redis.test.ts";
const lines = (count: number): string => "// a line\n".repeat(count);
const call = (name: string, count: number): string => `function ${name}() {\n${"  work();\n".repeat(count - 2)}}\n`;

/** Each row: the rule, one file that breaks it, and the line that must be named. */
const broken: readonly (readonly [rule: string, path: string, text: string, line?: number])[] = [
  ["file-size", inPipeline, lines(301), 301],
  ["file-size", aTest, lines(401), 401],
  ["file-size", "packages/store/src/scripts/bust.lua", "-- a line\n".repeat(101), 101],
  ["function-size", inPipeline, `\n${call("long", 71)}`, 2],
  ["function-size", inPipeline, `class A {\n  ${call("", 71).replace("function ", "long")}}\n`, 2],
  ["nesting", inPipeline, "if (a) {\n for (;;) {\n  while (b) {\n   if (c) {}\n  }\n }\n}\n", 4],
  ["parameters", inPipeline, "const f = (a, b, c, d) => a;\n"],
  ["parameters", inPipeline, "class A {\n  m(a, b, c, d) {}\n}\n", 2],
  ["parameters", inPipeline, "interface A {\n  m(a: A, b: A, c: A, d: A): void;\n}\n", 2],
  ["import-arrow", inProtocol, 'import { x } from "@freshet/rules";\n'],
  ["import-arrow", "packages/rules/src/map.ts", 'import type { X } from "@freshet/store";\n'],
  ["import-arrow", inPipeline, 'import { RedisStore } from "@freshet/store";\n'],
  ["import-arrow", inPipeline, 'import { x } from "../../rules/src/map.js";\n'],
  ["import-arrow", "packages/cli/src/bin.ts", 'import { x } from "@freshet/rules/src/map.js";\n'],
  ["import-arrow", "services/invalidator/src/main.ts", 'import { x } from "@freshet/testkit";\n'],
  ["import-arrow", inPipeline, 'type X = import("@freshet/store").X;\n'],
  ["client-import", "packages/pipeline/src/apply.ts", 'import { Redis } from "ioredis";\n'],
  ["client-import", "packages/cli/src/bin.ts", 'const k = await import("kafkajs");\n'],
  ["oracle-import", "services/invalidator/tests/oracle.ts", 'import { bust } from "@freshet/protocol";\n'],
  ["pure-zone", inProtocol, "export const now = () => Date.now();\n"],
  ["pure-zone", inProtocol, 'import { hash } from "node:crypto";\n'],
  ["pure-zone", "packages/rules/src/map.ts", "export async function map() {}\n"],
  ["pure-zone", "packages/rules/src/map.ts", "const luck = Math.random();\n"],
  ["pure-zone", "packages/pipeline/src/plan.ts", "process.hrtime();\n"],
  ["process-use", inPipeline, "const home = process.env.HOME;\n"],
  ["process-use", inPipeline, "\nprocess.exit(1);\n", 2],
  ["console-use", inPipeline, 'console.log("hello");\n'],
  ["sleep-in-test", aTest, "await new Promise((go) => setTimeout(go, 10));\n"],
  ["sleep-in-test", aTest, "await sleep(10);\n"],
  ["sleep-in-test", "services/invalidator/tests/scene.ts", "await timers.delay(10);\n"],
  ["skipped-test", aTest, 'test.skip("later", () => {});\n'],
  ["skipped-test", aTest, 'describe.only("this", () => {});\n'],
  ["pipeline-exec", "packages/store/src/redis-store.ts", "const replies = await pipeline.exec();\n"],
  ["type-escape", inPipeline, "let x: any;\n"],
  ["type-escape", inPipeline, "const x = y as unknown as X;\n"],
  ["type-escape", inPipeline, "const x = y!.z;\n"],
  ["export-form", inPipeline, 'export * from "./plan.js";\n'],
  ["export-form", inPipeline, "export default 1;\n"],
  ["export-form", inPipeline, "export default function f() {}\n"],
  ["version-number", inPipeline, "const v = Number(event.version);\n"],
  ["version-number", inPipeline, "const v = Number.parseInt(floorVersion, 10);\n"],
  ["version-number", inPipeline, "const v = +version;\n"],
  ["version-number", inPipeline, "interface E {\n  readonly version: number;\n}\n", 2],
  ["version-number", inPipeline, "const f = (version: number) => 1;\n"],
  ["version-number", "packages/store/src/scripts/bust.lua", "local a = 1\nlocal v = tonumber(entry.version)\n", 2],
  ["word", inPipeline, "const purgeList = [];\n"],
  ["word", inPipeline, "cache.invalidateKey(1);\n"],
  ["word", inPipeline, "const tombstone = 1;\n"],
  ["word", "packages/store/src/fence.ts", "\n"],
  ["grab-bag", "packages/store/src/utils.ts", "\n"],
  ["grab-bag", "packages/store/src/helpers/time.ts", "\n"],
  ["file-name", "packages/store/src/redisStore.ts", "\n"],
  ["dead-export", "packages/store/src/a.ts", "export function lonely() {}\n"],
  ["dead-export", "packages/store/src/a.ts", "\nexport interface Lonely {}\n", 2],
  ["dead-file", "packages/store/src/a.ts", "\n"],
  ["machine-trace", "docs/how.md", `Open /${"home"}/anna/freshet.\n`],
  ["machine-trace", ".npmrc", `x=https://registry.${"example.org"}/\n`],
  ["machine-trace", "package-lock.json", '{\n"resolved": "https://example.org/a.tgz"\n}\n', 2],
  ["error-code", "packages/protocol/src/errors.ts", 'export const errorCodes = {\n  FR9001: "a bug",\n};\n', 2],
  ["link", "docs/how.md", "See [there](there.md).\n"],
  ["link", "docs/how.md", "# How\nSee [below](#what).\n", 2],
  ["link", "docs/how.md", "The code is in `packages/gone/src`.\n"],
  ["runbook", "infra/prometheus/alerts.yml", "groups:\n  - rules:\n      - alert: FreshetIsStuck\n", 3],
  ["runbook", "infra/runbooks/FreshetIsStuck.md", "# Stuck\n"],
];

test.each(broken)("%s is broken by %s %j", (rule, path, text, line = 1) => {
  expect(places(rule, { [path]: text })).toEqual([`${path}:${line}`]);
  for (const { message, fix } of findings(rule, { [path]: text })) expect([message, fix]).not.toContain("");
});

test("every rule has a fixture that breaks it", () => {
  const withTests = new Set([...broken.map(([rule]) => rule), "manifest", "declared-import", "command"]);
  expect(rules.map(({ name }) => name).filter((name) => !withTests.has(name))).toEqual([]);
});

/** The near misses: what a rule must let pass. */
const kept: readonly (readonly [rule: string, files: Files])[] = [
  ["file-size", { [inPipeline]: lines(300), [aTest]: lines(400), "packages/store/src/generated/scripts.ts": lines(900) }],
  ["function-size", { [inPipeline]: call("short", 70), [aTest]: `describe("much", () => {\n${lines(80)}});\n` }],
  ["nesting", { [inPipeline]: "if (a) {} else if (b) {} else if (c) {} else if (d) {} else if (e) {}\n" }],
  ["nesting", { [inPipeline]: "for (;;) { if (a) { if (b) { list.map((x) => { if (x) {} }); } } }\n" }],
  ["parameters", { [inPipeline]: "call(1, 2, 3, 4);\nconst f = (a, b, c) => a;\n" }],
  ["import-arrow", { [inPipeline]: 'import { a } from "@freshet/store/port";\nimport { b } from "./plan.js";\n' }],
  [
    "import-arrow",
    { [aTest]: 'import { a } from "@freshet/testkit";\n', "packages/cli/src/bin.ts": 'import { b } from "@freshet/kafka";\n' },
  ],
  ["client-import", { "packages/store/src/redis-store.ts": 'import { Redis } from "ioredis";\n' }],
  ["client-import", { "services/invalidator/bench/noop.ts": 'import kafkajs from "kafkajs";\n' }],
  ["oracle-import", { "services/invalidator/tests/oracle.ts": 'import { bust } from "./decide.js";\n' }],
  ["pure-zone", { [inProtocol]: "const d = event.process;\nconst t = new TextDecoder();\ninterface A { performance: string }\n" }],
  ["pure-zone", { "packages/pipeline/src/apply.ts": "export async function apply() { await 1; }\n" }],
  ["process-use", { "services/invalidator/src/config.ts": "process.env.A;\n", "services/invalidator/src/main.ts": "process.exit(1);\n" }],
  ["console-use", { "scripts/tidy.ts": "console.log(1);\n", "packages/cli/src/io.ts": "console.log(1);\n" }],
  ["sleep-in-test", { [aTest]: "await until(() => done);\n", "packages/kafka/src/gate.ts": "setTimeout(f, 1);\n" }],
  ["skipped-test", { [aTest]: "test.each([1])('a', () => {});\n" }],
  ["pipeline-exec", { "packages/store/src/redis-store.ts": "const match = /a/.exec(text);\n" }],
  ["type-escape", { [inPipeline]: "const any = x as unknown;\nif (!x) y = x as X;\n" }],
  ["export-form", { "jest.config.mjs": "export default {};\n", [inPipeline]: 'export { a } from "./a.js";\n' }],
  ["version-number", { [inPipeline]: 'const n = Number(offset);\nconst v = Number("version");\nlet versions: number;\n' }],
  ["version-number", { "packages/store/src/scripts/bust.lua": "local n = tonumber(ARGV[1])\n" }],
  ["word", { "packages/protocol/src/source.ts": "const tombstones = 1;\n", [inPipeline]: "const invalidator = 1;\n" }],
  ["grab-bag", { "packages/store/src/common-ground.ts": "\n" }],
  ["file-name", { "packages/store/src/bust.redis.test.ts": "\n", "jest.config.mjs": "\n" }],
  ["dead-export", { "packages/a/src/a.ts": "export const a = 1;\n", "packages/a/src/b.ts": 'import { a } from "./a.js";\n' }],
  ["dead-export", { "packages/a/src/index.ts": "export const a = 1;\n", "packages/b/src/b.ts": 'import { a } from "@freshet/a";\n' }],
  ["dead-export", { "packages/a/src/a.ts": "export interface A {}\nconst f = (a: A) => a;\n" }],
  ["dead-file", { "packages/a/package.json": '{ "main": "./dist/index.js" }', "packages/a/src/index.ts": "\n" }],
  ["dead-file", { "packages/a/tests/child.ts": "\n", "packages/a/src/a.e2e.test.ts": 'spawn("../tests/child.ts");\n' }],
  ["machine-trace", { "docs/how.md": "Open `docs/home/page.md`; metrics come from registry.metrics().\n" }],
  ["link", { "docs/how.md": "# How it works\n[up](../docs) [self](#how-it-works) [out](https://example.org)\n" }],
  ["link", { "docs/how.md": "See `docs/how.md` and `docs/<name>.md`.\n" }],
  [
    "runbook",
    {
      "infra/prometheus/alerts.yml":
        "- alert: Stuck\n  annotations: &stuck\n    runbook_url: infra/runbooks/Stuck.md\n- alert: Stuck\n  annotations: *stuck\n",
      "infra/runbooks/Stuck.md": "# Stuck\n",
    },
  ],
];

test.each(kept)("%s lets pass %j", (rule, files) => {
  expect(places(rule, files)).toEqual([]);
});

describe("dead exports", () => {
  const lonely = { "packages/a/src/a.ts": "export const a = 1;\n" };
  test("a test of the same package is no use", () => {
    expect(places("dead-export", { ...lonely, "packages/a/src/a.test.ts": 'import { a } from "./a.js";\n' })).toEqual([
      "packages/a/src/a.ts:1",
    ]);
  });
  test("a re-export that nobody takes is dead, and what it re-exports is not", () => {
    const files = { ...lonely, "packages/a/src/index.ts": 'export { a } from "./a.js";\n' };
    expect(places("dead-export", files)).toEqual(["packages/a/src/index.ts:1"]);
  });
  test("tests are what the testkit is for", () => {
    const files = {
      "packages/testkit/src/index.ts": "export const a = 1;\n",
      "packages/a/src/a.test.ts": 'import { a } from "@freshet/testkit";\n',
    };
    expect(places("dead-export", files)).toEqual([]);
  });
});

describe("manifests", () => {
  const good = { version: "0.1.0", license: "Apache-2.0", type: "module", engines: { node: ">=22.22" } };
  const store = (data: object): Files => ({
    "package.json": JSON.stringify(good),
    "packages/store/package.json": JSON.stringify({ ...good, ...data }),
  });
  test("a good one has no findings", () => {
    expect(findings("manifest", store({ dependencies: { ioredis: "6.0.0" } }))).toEqual([]);
  });
  test.each([
    [{ license: "MIT" }, "licence"],
    [{ type: "commonjs" }, "ES module"],
    [{ version: "0.2.0" }, "version"],
    [{ engines: {} }, "Node floor"],
    [{ scripts: { postinstall: "node x.js" } }, "install script"],
    [{ dependencies: { ioredis: "^6.0.0" } }, "exact"],
    [{ devDependencies: { ioredis: "latest" } }, "exact"],
  ])("%j is found", (data, word) => {
    expect(findings("manifest", store(data)).map(({ message }) => message)).toEqual([expect.stringContaining(word)]);
  });
  test("what is imported is declared, and the other way round", () => {
    const files = { ...store({ dependencies: { zod: "4.0.0" } }), "packages/store/src/a.ts": 'import { Redis } from "ioredis";\n' };
    expect(findings("declared-import", files).map(({ message }) => message)).toEqual([
      "ioredis is not in the package.json",
      "zod is declared and never imported",
    ]);
  });
  test("what only tests import is for development", () => {
    const taking = { "packages/store/src/a.test.ts": 'import { x } from "zod";\n' };
    expect(findings("declared-import", { ...store({ devDependencies: { zod: "4.0.0" } }), ...taking })).toEqual([]);
    expect(findings("declared-import", { ...store({ dependencies: { zod: "4.0.0" } }), ...taking })).toHaveLength(1);
  });
});

test("an error code needs its entry and something that raises it", () => {
  const codes = { "packages/protocol/src/errors.ts": 'export const errorCodes = {\n  FR1001: "usage",\n};\n' };
  const page = { "docs/reference/errors.md": "# Errors\n\n## FR1001\n" };
  const raised = { "packages/cli/src/cli.ts": 'throw new FreshetError("FR1001");\n' };
  expect(findings("error-code", codes)).toHaveLength(2);
  expect(findings("error-code", { ...codes, ...page })).toHaveLength(1);
  expect(findings("error-code", { ...codes, ...page, ...raised })).toEqual([]);
});

describe("commands of runbooks and guides", () => {
  const program = {
    "packages/cli/src/parse/rules.ts": 'program.command("rules").command("check <file>").option("--json", "x");\n',
    "packages/cli/src/parse/lag.ts": 'program.command("lag").option("-w, --watch", "x");\n',
    "services/invalidator/src/config-schema.ts": 'const x = { env: "FRESHET_KAFKA_BROKERS" };\n',
  };
  const page = (text: string) => places("command", { ...program, "infra/runbooks/Stuck.md": text });

  test("are those that the program has, with its flags", () => {
    expect(page("Run `freshet lag --watch`, then:\n\n```sh\n  freshet rules check rules.yaml --json\n```\n")).toEqual([]);
    expect(page("`freshet lag --kafka-brokers a:9092 --help`; freshet says so, and `freshet.canary.x` is a topic.\n")).toEqual([]);
  });
  test.each(["freshet log", "freshet rules chekc rules.yaml", "freshet lag now", "freshet lag --wacth", "freshet rules check a --jsno"])(
    "%s is found",
    (line) => {
      expect(page(["First", "", "```sh", line, "```", ""].join("\n"))).toEqual(["infra/runbooks/Stuck.md:4"]);
      expect(page(["First", `\`${line}\``, ""].join("\n"))).toEqual(["infra/runbooks/Stuck.md:2"]);
    },
  );
  test("a command of two lines is one", () => {
    expect(page("First\n\n```sh\nfreshet rules check a \\\n  --jsno\n```\n")).toEqual(["infra/runbooks/Stuck.md:4"]);
  });
  test("a runbook has one, a guide need not", () => {
    expect(page("Think.\n")).toEqual(["infra/runbooks/Stuck.md:1"]);
    expect(places("command", { ...program, "docs/guides/a.md": "Think.\n" })).toEqual([]);
  });
});

test("an alert leads to its own runbook, directly or by the annotations it shares", () => {
  const url = (name: string) => `    runbook_url: infra/runbooks/${name}.md\n`;
  const text = `- alert: A\n  annotations: &a\n${url("A")}\n- alert: B\n  annotations: *a\n- alert: C\n  annotations:\n${url("C")}- alert: C\n`;
  const pages = Object.fromEntries(["A", "B", "C"].map((name) => [`infra/runbooks/${name}.md`, "# Page\n"]));
  const alerts = { "infra/prometheus/alerts.yaml": text, ...pages };
  expect(places("runbook", alerts)).toEqual(["infra/prometheus/alerts.yaml:5", "infra/prometheus/alerts.yaml:10"]);
});

describe("exceptions", () => {
  const finding: Finding = { path: "a.ts", line: 1, rule: "word", message: "the name `fence`", fix: "Say floor." };
  const exception = { rule: "word", path: "a.ts", message: "fence", reason: "A name of somebody else." };
  test("one covers its finding and no other", () => {
    expect(withoutExceptions([finding], [exception])).toEqual([]);
    expect(withoutExceptions([{ ...finding, path: "b.ts" }, finding], [exception])).toHaveLength(1);
  });
  test("one that covers nothing is a finding", () => {
    expect(withoutExceptions([], [exception]).map(({ rule }) => rule)).toEqual(["exception"]);
  });
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Bill, billOf } from "./sbom/bill.js";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "freshet-sbom-"));
const shipped = ["packages/cli", "services/invalidator", "packages/schema-registry"];
let bill: Bill;
let text = "";

beforeAll(() => {
  const file = join(folder, "sbom.cdx.json");
  execFileSync(process.execPath, [join(root, "scripts/sbom.ts"), file]);
  text = readFileSync(file, "utf8");
  bill = JSON.parse(text) as Bill;
});
afterAll(() => rmSync(folder, { recursive: true }));

const manifest = (path: string) =>
  JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as { name: string; dependencies?: Record<string, string> };

test("each direct dependency of the service is in the bill, at its version", () => {
  const named = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
  const ours = bill.components.filter(({ name }) => name.startsWith("@freshet/"));
  const direct = ours.flatMap(({ name }) => {
    const path = ["example-shop", "invalidator"].includes(name.slice(9)) ? `services/${name.slice(9)}` : `packages/${name.slice(9)}`;
    return Object.entries(manifest(path).dependencies ?? {}).map(([dependency, version]) => `${dependency}@${version}`);
  });
  expect(direct).toEqual(expect.arrayContaining(["yaml@2.9.1", "kafkajs@2.2.4", "ioredis@6.0.0", "avsc@5.7.9"]));
  expect(direct.filter((dependency) => !named.has(dependency))).toEqual([]);
});

test("it is what the Dockerfile installs", () => {
  const [, install = ""] = /--omit=dev ((?:-w \S+ ?)+)/.exec(readFileSync(join(root, "services/invalidator/Dockerfile"), "utf8")) ?? [];
  expect(install.match(/@freshet\/[\w-]+/g)).toEqual(shipped.map((path) => manifest(path).name));
  expect(bill.dependencies[0]?.dependsOn.map((ref) => ref.replace(/@[^@]+$/, ""))).toEqual(
    shipped.map((path) => manifest(path).name).sort(),
  );
});

test("nothing that is only for development is in it", () => {
  const names = bill.components.map(({ name }) => name);
  expect(names.filter((name) => /jest|typescript|testcontainers|biome|oxlint|^@freshet\/testkit$/.test(name))).toEqual([]);
});

test("all that anything needs is in it, and each has a licence and, from a registry, a hash", () => {
  const refs = bill.components.map((component) => component["bom-ref"]);
  expect(new Set(refs).size).toBe(refs.length);
  expect(bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual([]);
  expect(bill.components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
  const foreign = bill.components.filter(({ name }) => !name.startsWith("@freshet/"));
  expect(foreign.filter(({ hashes }) => !/^[0-9a-f]{128}$/.test(hashes?.[0]?.content ?? ""))).toEqual([]);
});

test("the same lock file gives the same text", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  expect(`${JSON.stringify(billOf(lock, shipped), null, 2)}\n`).toBe(text);
});

test("a package inside of another one is found there, and not taken for the one beside it", () => {
  const packages = {
    "": { name: "all", version: "1" },
    "packages/a": { name: "@x/a", version: "1", dependencies: { b: "1", c: "2" } },
    "node_modules/b": { version: "1", dependencies: { c: "1" } },
    "node_modules/c": { version: "2" },
    "node_modules/b/node_modules/c": { version: "1" },
  };
  const { dependencies } = billOf({ lockfileVersion: 3, packages }, ["packages/a"]);
  expect(dependencies.find(({ ref }) => ref === "b@1")?.dependsOn).toEqual(["c@1|node_modules/b/node_modules/c"]);
  expect(dependencies.find(({ ref }) => ref === "@x/a@1")?.dependsOn).toEqual(["b@1", "c@2"]);
});

test("a dependency that is not in the lock file is an error", () => {
  const packages = { "packages/a": { name: "a", version: "1", dependencies: { b: "1" } } };
  expect(() => billOf({ lockfileVersion: 3, packages }, ["packages/a"])).toThrow("packages/a needs b");
});

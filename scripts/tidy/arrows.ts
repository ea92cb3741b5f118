import { importsOf } from "./imports.ts";
import { type Found, type SourceFile, sourceRule } from "./tree.ts";
import { isTest, isTool, workspaceOf } from "./zones.ts";

/** What each package may import of the others (ARCHITECTURE.md). Services and the CLI may import anything but testkit. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  rules: ["@freshet/protocol"],
  store: ["@freshet/protocol"],
  kafka: ["@freshet/protocol"],
  pipeline: ["@freshet/protocol", "@freshet/rules", "@freshet/store/port", "@freshet/kafka/port"],
  replay: ["@freshet/protocol", "@freshet/rules", "@freshet/pipeline", "@freshet/store/port", "@freshet/kafka/port"],
  "schema-registry": ["@freshet/protocol"],
  cache: ["@freshet/protocol", "@freshet/store"],
  producer: ["@freshet/protocol", "@freshet/kafka/port"],
  testkit: ["@freshet/protocol", "@freshet/store", "@freshet/store/port", "@freshet/kafka", "@freshet/kafka/port"],
};

export const importArrows = sourceRule("import-arrow", (file) =>
  importsOf(file).flatMap(({ from, line }): readonly Found[] => {
    const target = from.startsWith(".") ? resolve(file.path, from) : from;
    if (from.startsWith(".") && workspaceOf(target) !== workspaceOf(file.path) && workspaceOf(target) !== "") {
      return [{ line, message: `reaches into ${workspaceOf(target)}`, fix: "Import the package by its name." }];
    }
    if (/^@freshet\/[^/]+\/(?:src|dist)\//.test(from)) {
      return [{ line, message: `reaches into the files of ${from}`, fix: "Import what the package exports." }];
    }
    return allowed(file, from)
      ? []
      : [{ line, message: `must not import ${from}`, fix: "See the arrows in ARCHITECTURE.md; take a port as an argument." }];
  }),
);

function allowed(file: SourceFile, from: string): boolean {
  const own = workspaceOf(file.path).split("/")[1] ?? "";
  if (!from.startsWith("@freshet/") || own === "") return true;
  // The testkit is measured by its own arrows, though it is made of test code; tests may prove a package with any other.
  if (own !== "testkit" && (isTest(file.path) || isTool(file.path))) return true;
  const list = arrows[own];
  return list === undefined ? from !== "@freshet/testkit" : list.includes(from);
}

/** Which packages may know a client library. */
const clients: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ["packages/kafka/", "packages/testkit/"],
  ioredis: ["packages/store/", "packages/testkit/"],
};

export const clientImports = sourceRule("client-import", (file) =>
  importsOf(file).flatMap(({ from, line }): readonly Found[] => {
    const home = clients[from.split("/")[0] ?? ""];
    const isAtHome = home?.some((folder) => file.path.startsWith(folder)) ?? true;
    if (isAtHome || isTool(file.path) || (isTest(file.path) && /^(?:services|packages\/cli)\//.test(file.path))) return [];
    return [{ line, message: `${from} is known to ${home?.join(" and ")} only`, fix: "Take the port as an argument." }];
  }),
);

/** The oracles of the end-to-end tests must not share a mistake with the code they judge. */
export const oracleImports = sourceRule("oracle-import", (file) =>
  importsOf(file).flatMap(({ from, line }): readonly Found[] => {
    if (!/\/tests\/oracle[a-z-]*\.ts$/.test(file.path) || file.path.endsWith(".test.ts") || !from.startsWith("@freshet/")) return [];
    return [{ line, message: `an oracle imports ${from}`, fix: "Work it out again from the protocol; import nothing from packages." }];
  }),
);

/** The path a relative import means, without its ending. */
export function resolve(path: string, from: string): string {
  const parts = path.split("/").slice(0, -1);
  for (const part of from.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

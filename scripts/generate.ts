// `npm run generate`: writes every file that is made from code. With --check it writes nothing, names what differs, exits 1.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const isCheck = process.argv.includes("--check");

/** Runs a program of the repository under this Node; what it prints is talk, not data. */
function isDone(...program: readonly string[]): boolean {
  return spawnSync(process.execPath, [...program], { cwd: root, stdio: ["ignore", 2, 2] }).status === 0;
}

// The scripts of Redis first: the code that is built next imports them.
const checkFlag = isCheck ? ["--check"] : [];
let isCurrent = isDone("packages/store/scripts/generate.ts", ...checkFlag);
if (!isDone("node_modules/typescript/bin/tsc", "-b", "services/invalidator")) {
  console.error("generate: the code it reads does not compile");
  process.exit(1);
}

const { outputs } = await import("./generate/outputs.ts");
for (const { path, text } of outputs()) {
  const target = join(root, path);
  if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
  if (isCheck) {
    console.error(`generate: ${path} is out of date: run npm run generate`);
    isCurrent = false;
    continue;
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  console.error(`generate: wrote ${path}`);
}
process.exit(isCurrent ? 0 : 1);

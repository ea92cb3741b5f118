// npm run test:matrix: the store's suites on the Redis and Valkey releases that users run besides the one of npm test.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, environment, install, isOwnNode, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

const HELP = `npm run test:matrix                           the store's suites on Redis 8 and Valkey 8
npm run test:matrix -- cluster -t MOVED       only files named so; what follows goes to jest

The servers are taken from Debian's packages into your cache folder, without installing anything.
FRESHET_TEST_MATRIX=/path/of/redis-server:/path/of/valkey-server names others.
The last line is "N passed, N failed" over all of them. Exit code 0 only if nothing failed.`;

/** What depends on the server: all that talks to one. The searches over random states do not, and take long. */
const SUITES = ["packages/store/src/.*\\.redis\\.test\\.ts$"];
const IGNORED = ["/node_modules/", "mutants\\.redis", "differential\\.redis"];
const counts = { passed: 0, failed: 0, skipped: 0 };

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

async function main(args) {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  await install();
  if (!isOwnNode()) return runUnderOwnNode([import.meta.filename, ...args]);
  const problem = await build();
  if (problem !== null) throw new SetUpError(problem);
  const { provideMatrix, startRedis } = await import("@freshet/testkit/matrix");
  const servers = await provideMatrix(say).catch((error) => {
    throw new SetUpError(error.fix === undefined ? error.stack : `${error.message}\nFix: ${error.fix}`);
  });
  for (const { name, program } of servers) {
    process.stdout.write(`===== ${name}\n`);
    const server = await startRedis({ program });
    const isFine = await suites(args, { FRESHET_TEST_REDIS: server.url, FRESHET_TEST_REDIS_SERVER: program });
    await server.close();
    process.stdout.write(`===== ${name}: ${isFine ? "ok" : "FAILED"}\n`);
  }
  process.stdout.write(`run on: ${servers.map(({ name }) => name).join(", ")}\n`);
  const { passed, failed, skipped } = counts;
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** @returns whether every test passed. */
async function suites(args, env) {
  const folder = mkdtempSync(join(tmpdir(), "freshet-matrix-"));
  const file = join(folder, "counts.json");
  try {
    const code = await jest(args, { ...env, FRESHET_TEST_COUNTS_FILE: file });
    const found = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
    if (code !== 0 && found.failed === 0) found.failed = 1;
    for (const name of Object.keys(counts)) counts[name] += found[name];
    return found.failed === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function jest(args, env) {
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules", join("node_modules", "jest", "bin", "jest.js")];
  const isNamed = args.length > 0 && !args[0].startsWith("-");
  const only = isNamed ? [] : ["--testPathPatterns", ...SUITES];
  const rest = ["--reporters", join(root, "scripts", "jest-report.cjs"), "--testPathIgnorePatterns", ...IGNORED];
  return new Promise((resolve) => {
    const child = spawn("node", [...flags, ...args, ...only, ...rest], {
      cwd: root,
      env: { ...environment(), ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", () => resolve(1));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

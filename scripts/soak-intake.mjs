// npm run soak:intake [-- MINUTES]: records for minutes or hours through the service, and what it did to memory and CPU.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build, environment, install, isOwnNode, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

const FILE = join("services", "invalidator", "tests", "drills", "intake.soak.test.ts");
const HELP = `npm run soak:intake                           five minutes of records; each accounted for, memory flat, idle CPU under 1 %
npm run soak:intake -- 60                     an hour
Kafka, Redis and the service are processes of this machine. Exit code 1 when one of the three does not hold.`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

async function main(args) {
  const [minutes = "5"] = args;
  if (args.length > 1 || !(Number(minutes) > 0)) {
    process.stdout.write(`${HELP}\n`);
    return args.includes("--help") || args.includes("-h") ? 0 : 2;
  }
  await install();
  if (!isOwnNode()) return runUnderOwnNode([import.meta.filename, ...args]);
  const problem = await build();
  if (problem !== null) throw new SetUpError(problem);
  const { prepareNative } = await import("@freshet/testkit/provider");
  await prepareNative(say);
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules", join("node_modules", "jest", "bin", "jest.js")];
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...environment(), FRESHET_SOAK_MINUTES: minutes }, stdio: ["ignore", "inherit", "inherit"] };
    const child = spawn("node", [...flags, "-i", "--runTestsByPath", FILE], options);
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => child.kill("SIGTERM"));
    child.on("error", () => resolve(1));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

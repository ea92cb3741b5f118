// npm start: installs and builds what is missing, then `freshet dev` with the arguments given.
import { join } from "node:path";
import { build, install, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

try {
  await install();
  const problem = await build();
  if (problem !== null) throw new SetUpError(`the build failed:\n${problem}`);
  process.exitCode = await runUnderOwnNode([join(root, "packages", "cli", "bin", "freshet.mjs"), "dev", ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

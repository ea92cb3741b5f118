// npm start: installs and builds what is missing, then `freshet dev` with the arguments given.
import { join } from "node:path";
import { begin } from "./runner.mjs";
import { build, install, root, runUnderOwnNode, SetUpError } from "./set-up.mjs";

await begin(async (args) => {
  await install();
  const problem = await build();
  if (problem !== null) throw new SetUpError(`the build failed:\n${problem}`);
  return runUnderOwnNode([join(root, "packages", "cli", "bin", "freshet.mjs"), "dev", ...args]);
});

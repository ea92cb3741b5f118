#!/usr/bin/env node
// Plain JavaScript that any Node can read. Starts `freshet` again under the repository's own Node when this one is too old,
// and the service with the heap it was measured with. The second process ends with this one, however this one ends.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const FLOOR = [22, 22];
/** MiB. What a slice is made of dies young; the default of 64 only makes memory peak higher. */
const YOUNG_HEAP = "--max-semi-space-size=16";
/** One malloc arena: what fetches leave behind is used again instead of lying in each thread's own. */
const ONE_ARENA = { MALLOC_ARENA_MAX: "1" };

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const isNew = major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1]);
const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
const flags = process.argv[2] === "run" && !given.includes("--max-semi-space-size") ? [YOUNG_HEAP] : [];

if (!existsSync(new URL("../dist/bin.js", import.meta.url))) {
  process.stderr.write("freshet is not built here.\nFix: run npm ci and npm run build in the repository.\n");
  process.exit(2);
} else if (isNew && flags.length === 0) {
  await import("../dist/bin.js");
} else {
  const node = isNew ? process.execPath : ownNode();
  const args = [...flags, ...process.execArgv, import.meta.filename, ...process.argv.slice(2)];
  const env = flags.length > 0 ? { ...ONE_ARENA, ...process.env } : process.env;
  const child = spawn(node, args, { env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // npx passes no signal on: where it is gone, the service is told as if this process were. Elsewhere it may outlive its parent.
  const parent = process.ppid;
  const look = () => process.ppid !== parent && child.connected && child.disconnect();
  if (process.env.npm_command === "exec") setInterval(look, 500).unref();
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal); // or the signal would only be passed on to a child that is gone
    process.kill(process.pid, signal);
  });
}

function ownNode() {
  try {
    return createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    const floor = FLOOR.join(".");
    process.stderr.write(
      `freshet needs Node ${floor} or newer; this is ${process.versions.node}.\nFix: run npm install, which brings one.\n`,
    );
    process.exit(2);
  }
}

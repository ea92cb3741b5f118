#!/usr/bin/env node
// Plain JavaScript that any Node can read: starts `freshet` again under the repository's own Node when this one is too old.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const FLOOR = [22, 22];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) {
  await import("../dist/bin.js");
} else {
  let node;
  try {
    node = createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    process.stderr.write(
      `freshet needs Node ${FLOOR.join(".")} or newer; this is ${process.versions.node}.\nFix: run npm install, which brings one.\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [import.meta.filename, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal); // or the signal would only be passed on to a child that is gone
    process.kill(process.pid, signal);
  });
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

/** Ends a server process and clears up after it, also when this process is killed and can do nothing any more. */
export interface Keeper {
  /** The process to end; 0 for none. */
  keep(pid: number): void;
  /** Ends the process, clears up, and returns when both are done. */
  close(): Promise<void>;
}

// Its input ends when this process does, however it ends. A process of its own group, so that Ctrl-C passes it by.
const SCRIPT = `trap '' INT TERM HUP
pid=0
while read -r next; do pid=$next; done
if [ "$pid" -gt 0 ]; then
  kill -9 "$pid" 2>/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
fi
"$@" || { sleep 1; "$@"; }`;

/** @param command clears up: a program and its arguments. */
export function startKeeper(command: readonly [string, ...string[]]): Keeper {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "keeper", ...command], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const closed = once(child, "close");
  child.stdin.on("error", () => undefined); // it was killed: there is nobody left to tell
  child.unref();
  (child.stdin as Socket).unref();
  return {
    keep: (pid) => void child.stdin.write(`${pid}\n`),
    close: async () => {
      child.ref();
      child.stdin.end();
      await closed;
    },
  };
}

import { hostname, userInfo } from "node:os";

/** Who acts, as the audit trail names them: the user of the operating system, and the machine. */
export interface Who {
  readonly user: string;
  readonly host: string;
}

/** Of this process. A container may run under a number that has no name. */
export function processWho(): Who {
  return { user: userName(), host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

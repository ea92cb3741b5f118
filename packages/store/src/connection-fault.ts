import { types } from "node:util";
import type { FreshetError } from "@freshet/protocol";

/** What is wrong with what the URL leads to, where the code of an error does not say it: it is no Redis, or lacks the database. */
export type ConnectionFault = "protocol" | "database";

const NAME = "ConnectionFault";

/** The cause of an error that is this fault. */
export function causeOf(fault: ConnectionFault): Error {
  return Object.assign(new Error(fault), { name: NAME });
}

/** The fault that an error of the store tells; `null` for every other error. */
export function connectionFaultOf({ cause }: FreshetError): ConnectionFault | null {
  if (!types.isNativeError(cause) || cause.name !== NAME) return null;
  return cause.message === "database" ? "database" : "protocol";
}

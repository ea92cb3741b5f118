import type { FreshetError } from "@freshet/protocol";

/** Whether Redis refused a call for keys that this user may not touch, as `classify` tells it; not for commands, which all keys need. */
export function isKeyRefused({ code, message }: FreshetError): boolean {
  return code === "FR2003" && message === "Redis answered NOPERM to keys.";
}

import { FreshetError, isLoopback } from "@freshet/protocol";

const PROBLEM = "Redis names a server on another machine, and TLS is off";

interface Reach {
  readonly url: string;
  readonly plaintext?: "anywhere" | "loopback";
}

/** Whether servers that Redis names must be this machine's. */
export function isHeldToLoopback({ url, plaintext }: Reach): boolean {
  return plaintext === "loopback" && url.startsWith("redis://");
}

/** @throws FreshetError FR1002 for a server of a cluster that may not be talked to without TLS. */
export function checkReach(reach: Reach, host: string): void {
  if (isHeldToLoopback(reach) && !isLoopback(host)) throw plaintextRefused();
}

/**
 * Lets the client take no address of its sentinels but those of this machine; each stays as it is.
 *
 * @param address `host:port`
 */
export function onlyLoopback(address: string): null {
  if (!isLoopback(address.slice(0, address.lastIndexOf(":")))) throw plaintextRefused();
  return null;
}

/** Whether the client gives our own refusal as the reason for its failure. */
export function isPlaintextRefused(text: string): boolean {
  return text.includes(PROBLEM);
}

export function plaintextRefused(): FreshetError {
  return new FreshetError("FR1002", "halt", `${PROBLEM}.`, "Use a rediss:// URL, or accept it with FRESHET_ALLOW_PLAINTEXT=true.");
}

import { createHash } from "node:crypto";

/** Each of the first attempts, then one in ten: a long outage must not fill the disk. */
export function isTold(attempts: number): boolean {
  return attempts <= 3 || attempts % 10 === 0;
}

/** A key or tag as logs may hold it: 12 hex digits. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

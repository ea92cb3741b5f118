import { gateKeyOf } from "./gate-key.js";
import type { LeaseRequest, SetRequest } from "./port.js";
import type { RedisCall } from "./redis-link.js";

/** The lease of an entry that an existing service writes; positions of arguments are those of the script's header. */
export function gatedLeaseCall(prefix: string, request: LeaseRequest): RedisCall {
  const { entry, token, leaseTtlMs } = request;
  const args = [entry.kind, entry.versionField, token, String(leaseTtlMs * 1000), String(entry.floorTtlMs * 1000)];
  return { run: { script: "lease-gated" }, keys: gatedKeys(prefix, request), args, asBytes: true };
}

export function setCall(prefix: string, request: SetRequest): RedisCall {
  const { entry, token, subject, version, primaryRead, keepMs, readLagMs, content } = request;
  const parts = Buffer.isBuffer(content) ? [content] : [...content].flat();
  const args = [
    entry.kind,
    entry.versionField,
    token ?? "",
    subject,
    version,
    primaryRead ? "primary" : "replica",
    String(keepMs * 1000),
    String(readLagMs * 1000),
    String(entry.floorTtlMs * 1000),
    ...parts,
  ];
  return { run: { script: "set-if-newer" }, keys: gatedKeys(prefix, request), args, asBytes: true };
}

/** A `hash` holds its floors and its lease itself. */
function gatedKeys(prefix: string, { key, versionKey, entry }: LeaseRequest | SetRequest): readonly string[] {
  const gate = entry.kind === "hash" ? key : gateKeyOf(prefix, key);
  return versionKey === undefined ? [key, gate] : [key, gate, versionKey];
}

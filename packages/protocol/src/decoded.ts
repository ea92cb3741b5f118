import type { DomainEvent } from "./event.js";
import type { DeadReason, Rejection } from "./outcome.js";
import type { SourceSpec } from "./source.js";

/** What `decode` makes of a record. A rejection is a value that walks on: no early return loses it. */
export type Decoded =
  | { readonly kind: "event"; readonly event: DomainEvent; readonly source: SourceSpec }
  | { readonly kind: "ignored" }
  | { readonly kind: "no_match" }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export type Rejected = Decoded & { readonly kind: "rejected" };

/** A rejection before any rule was reached. The texts must not hold anything from the record. */
export function rejected(reason: DeadReason, message: string, fix: string): Rejected {
  return { kind: "rejected", rejection: { reason, message, fix, rule: "" } };
}

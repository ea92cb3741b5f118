import { headerText, type KafkaRecord } from "./record.js";

/** The header by which a canary is known; its value is the deployment that sent it. */
export const CANARY_HEADER = "freshet-canary";

/**
 * The deployment whose canary a record is; `null` where it is none. A canary in a topic of others has no value: their consumers skip it
 * as they skip any tombstone, and whoever knows the header reads nothing into it.
 */
export function senderOfCanary({ value, headers }: Pick<KafkaRecord, "value" | "headers">): string | null {
  return value === null ? headerText(headers, CANARY_HEADER) : null;
}

import { z } from "zod";

// What the JSON of this package is made of.

export const text = z.string().min(1);
export const instant = z.iso.datetime();
export const count = z.int().nonnegative();
export const mode = z.enum(["hard", "soft"]);
/** Of a version: digits, never a number. */
export const digits = z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/);
export const rulesHash = z.string().regex(/^[0-9a-f]{64}$/);
/** The code of an error. */
export const errorCode = z.string().regex(/^FR\d{4}$/);

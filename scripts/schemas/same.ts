/** `true` when each type can stand for the other; a model that drifts from the protocol's type no longer compiles. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

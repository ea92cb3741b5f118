import { createRequire } from "node:module";

const kafkajsRequire = createRequire(import.meta.url);

/** A module from kafkajs' inside, which has no types. Only for the version that `patches.ts` insists on. */
export const kafkajsInside = (path: string) => kafkajsRequire(`kafkajs/${path}`);

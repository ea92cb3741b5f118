import type { Scene } from "./scene.js";
import type { Chapter } from "./telling.js";

/** What a chapter found out, before it has a number. */
export type PromiseSeen = Pick<Chapter, "did" | "seen" | "why" | "held">;

/** A promise of Freshet and the act that puts it to the test. */
export interface Promised {
  readonly promise: string;
  readonly act: (scene: Scene, id: string) => Promise<PromiseSeen>;
}

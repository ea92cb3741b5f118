import type { Promised } from "./promised.js";
import { promises } from "./promises.js";
import { createScene, type Scene, type ScenePorts } from "./scene.js";
import type { Chapter, Telling } from "./telling.js";

export interface DemoOptions {
  readonly ports: ScenePorts;
  /** Takes each piece of the story as it happens. */
  readonly tell: (telling: Telling) => void;
  /** Ends by itself after the promises; otherwise goes on until `stop`. */
  readonly once: boolean;
  /** Ends the demo after the event under way. */
  readonly stop: AbortSignal;
  /** Waits this long, or until `stop`. */
  readonly pause: (ms: number) => Promise<void>;
}

const BANNER = [
  "Freshet demo: a shop, its cache and the invalidator in one process.",
  "Broker and store are in memory: everything is lost on exit, and nothing",
  "outside this process is touched. The pipeline is the one of the service.",
];

const NEXT = [
  "npx freshet rules check services/example-shop/rules.yaml",
  "npx freshet rules test services/example-shop/rules.test.yaml",
  "npx freshet --help",
];

const PAUSE_MS = 1500;

/** Runs the demo. True when every promise it showed was observed to hold. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { tell, stop } = options;
  tell({ kind: "banner", lines: BANNER });
  if (!options.once) tell({ kind: "next", commands: NEXT });
  const scene = await createScene(options.ports);
  try {
    const heldSoFar = new Map<string, boolean>();
    for (let round = 0; !stop.aborted && (round === 0 || !options.once); round++) {
      const chapters = await runRound(round, scene, options);
      for (const { promise, held } of chapters) heldSoFar.set(promise, held && heldSoFar.get(promise) !== false);
    }
    const broken = [...heldSoFar].flatMap(([promise, held]) => (held ? [] : [promise]));
    tell({ kind: "verdict", held: broken.length === 0, promises: heldSoFar.size, broken });
    if (options.once) tell({ kind: "next", commands: NEXT });
    return broken.length === 0;
  } finally {
    await scene.close();
  }
}

/** Every promise once, on one of the products. */
async function runRound(round: number, scene: Scene, options: DemoOptions): Promise<readonly Chapter[]> {
  const products = scene.shop.products();
  const id = products[round % products.length]?.id ?? "";
  const chapters: Chapter[] = [];
  for (const promised of promises) {
    if (options.stop.aborted) break;
    const number = round * promises.length + chapters.length + 1;
    const chapter = await runChapter(promised, number, () => promised.act(scene, id));
    options.tell(chapter);
    chapters.push(chapter);
    if (!options.once) await options.pause(PAUSE_MS);
  }
  return chapters;
}

/** An act that fails has not kept its promise; the story goes on with the next. */
async function runChapter({ promise }: Promised, number: number, act: () => ReturnType<Promised["act"]>): Promise<Chapter> {
  const chapter = { kind: "chapter", number, promise } as const;
  try {
    return { ...chapter, ...(await act()) };
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return { ...chapter, did: [], seen, why: "Freshet did not get this far.", held: false };
  }
}

import { readFile } from "node:fs/promises";
import { createMemoryLog } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createMemoryStore, type StorePort } from "@freshet/store";
import type { ScenePorts } from "./scene.js";

/** The rules of the shop, beside the source folder and the compiled one alike. */
const RULES_FILE = new URL("../rules.yaml", import.meta.url);
const SETTLE_WITHIN_MS = 2000;

export interface MemoryPortsOptions {
  readonly clock: { nowMs(): number };
  /** Puts something between the pipeline and the store: how tests break a promise. */
  readonly wrapStore?: (store: StorePort) => StorePort;
}

/** A broker and a store in this process, and the rules of the shop. */
export async function createMemoryPorts({ clock, wrapStore = (store) => store }: MemoryPortsOptions): Promise<ScenePorts> {
  const log = createMemoryLog({ clock });
  const store = createMemoryStore({ nowUs: () => clock.nowMs() * 1000 });
  return {
    kafka: log.client(),
    store: wrapStore(store),
    readers: store,
    rules: compile(await readFile(RULES_FILE, "utf8")),
    cache: { get: (key) => store.readText(key), set: (key, text, ttlMs) => store.seed.putJson(key, { text, ttlMs }) },
    readTopic: async (topic) => log.records(topic),
    clock,
    settleWithinMs: SETTLE_WITHIN_MS,
  };
}

function compile(text: string): CompiledRules {
  const { rules } = loadRules(text);
  if (rules !== null) return rules;
  throw new FreshetError(
    "FR1003",
    "usage",
    "the rules of the demo have findings",
    "Run freshet rules check services/example-shop/rules.yaml.",
  );
}

// A process that does nothing but sweep: `sweeping-main.ts REDIS_URL PREFIX BUSTS_PER_SECOND HOLD_MS`. For tests only. Tells
// what happens as JSON lines, and goes on until it is killed.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { createSweeper } from "@freshet/pipeline";
import { loadRules } from "@freshet/rules";
import { createRedisStore } from "@freshet/store";
import { SWEEP_RULES } from "./sweep-rules.ts";

const [url = "", prefix = "", perSecond, hold] = process.argv.slice(2);
const { rules } = loadRules(SWEEP_RULES);
if (rules === null) throw new Error("the rules of the test have findings");
/** Long: to be frozen is no trouble with Redis. */
const timeouts = { commandMs: 60_000, socketMs: 70_000, deadlineMs: 80_000 };
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

createSweeper({
  store: createRedisStore({ url, prefix, timeouts }),
  rules,
  scheduler: { nowMs: () => Date.now(), sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined) },
  newId: randomUUID,
  events: {
    stepped: (tag, { members, removed }) => tell({ event: "stepped", tag, members, removed }),
    sweepEnded: ({ tag, members, removed }) => tell({ event: "ended", tag, members, removed }),
    sweepLost: (tag) => tell({ event: "lost", tag }),
    sweepTrouble: ({ code, problem }) => tell({ event: "trouble", code, problem }),
  },
  settings: { bustsPerSecond: Number(perSecond), holdMs: Number(hold), lookEveryMs: 100 },
}).start();

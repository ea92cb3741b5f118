import type { SweepEvents } from "@freshet/pipeline";
import type { EventsContext } from "./events-context.js";
import { isTold, shortHash } from "./telling.js";

/** A walk that took longer is worth a line for everybody. */
const LONG_MS = 1000;

/** What happens to sweeps, as numbers and lines. Tags may hold ids of people, so only their hash is told. */
export function createSweepEvents({ logger, metrics, clock }: EventsContext): SweepEvents {
  return {
    stepped(_tag, { members, removed, softened, own, refused }) {
      metrics.membersSwept.inc({ outcome: "removed" }, removed);
      metrics.membersSwept.inc({ outcome: "softened" }, softened);
      metrics.membersSwept.inc({ outcome: "own" }, own);
      metrics.membersSwept.inc({ outcome: "refused" }, refused);
      metrics.membersSwept.inc({ outcome: "other" }, members - removed - softened - own - refused);
    },
    sweepEnded({ tag, busts, members, removed, durationMs, ageMs }) {
      metrics.sweeps.inc({ outcome: "ended" });
      metrics.sweepAge.observe(ageMs / 1000);
      const fields = {
        tagHash: shortHash(tag),
        busts: busts.length,
        members,
        removed,
        ms: Math.round(durationMs),
        ageMs: Math.round(ageMs),
      };
      logger[durationMs > LONG_MS ? "info" : "debug"](fields, "sweep ended");
    },
    sweepLost(tag) {
      metrics.sweeps.inc({ outcome: "lost" });
      logger.warn({ tagHash: shortHash(tag) }, "sweep was taken over by another process");
    },
    sweepTrouble({ tag, code, problem, fix, disposition, attempts, sinceMs }) {
      metrics.redisErrors.inc({ code });
      if (!isTold(attempts)) return;
      const tagHash = tag === null ? {} : { tagHash: shortHash(tag) };
      const fields = { ...tagHash, code, problem, fix, attempts, waitingMs: clock.nowMs() - sinceMs };
      if (disposition === "halt") logger.error(fields, "sweep waits, and somebody must act");
      else logger.warn(fields, "sweep waits");
    },
  };
}

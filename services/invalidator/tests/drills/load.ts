import type { SentRecord } from "../oracle.js";
import type { Drill } from "./drill.js";

/** Records sent at a pace while something is done to brokers and services. */
export interface Load {
  /** Acknowledged so far. */
  sent(): number;
  /** Whether the pace still has records: if not, part of the drill went by without load. */
  isUnderWay(): boolean;
  /** Sends what is left as fast as it goes; answers with all that was acknowledged. */
  finish(): Promise<number>;
}

const STEPS_PER_SECOND = 2;

export function startLoad(drill: Drill, options: { readonly records?: readonly SentRecord[]; readonly perSecond: number }): Load {
  const { records = drill.act.workload.sent, perSecond } = options;
  const { topics, topic } = drill.scene;
  let sent = 0;
  let isHurried = false;
  const running = (async () => {
    while (sent < records.length && !isHurried) {
      const chunk = records.slice(sent, sent + Math.ceil(perSecond / STEPS_PER_SECOND));
      await topics.send(topic, chunk, perSecond);
      sent += chunk.length;
    }
  })();
  running.catch(() => undefined); // told by `finish`
  return {
    sent: () => sent,
    isUnderWay: () => sent < records.length,
    finish: async () => {
      isHurried = true;
      await running;
      await topics.send(topic, records.slice(sent));
      sent = records.length;
      return sent;
    },
  };
}

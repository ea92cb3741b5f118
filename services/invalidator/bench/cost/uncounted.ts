import type { Instruments } from "@freshet/invalidator";

const nothing = (): void => undefined;

/** In the place of the service's own instruments: nothing is counted, nothing told, and brokers are not asked where partitions are. */
export function uncounted(): Instruments {
  return {
    metrics: { canary: null, contentType: "text/plain", text: async () => "", openText: async () => "" },
    lagWatch: { start: nothing, stop: nothing },
    watchLetters: nothing,
    events: {
      sliceSettled: nothing,
      partitionWaiting: nothing,
      partitionResumed: nothing,
      stepped: nothing,
      sweepEnded: nothing,
      sweepLost: nothing,
      sweepTrouble: nothing,
      assigned: nothing,
      redisTrouble: nothing,
      kafkaTrouble: nothing,
      kafkaHole: nothing,
      startWaiting: nothing,
      boundsTrouble: nothing,
      lettersTrouble: nothing,
    },
  };
}

import { kafkaConformance, testKafkaBroker } from "@freshet/testkit";
import { createKafkajsPort } from "./kafkajs-port.js";

const clock = { nowMs: () => Date.now() };
/** A second reader is refused without the wait for one that may have been killed. */
const readingTiming = { leaveWaitMs: 1000 };

kafkaConformance("kafkajs", () =>
  createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "freshet-conformance", clock, readingTiming }),
);

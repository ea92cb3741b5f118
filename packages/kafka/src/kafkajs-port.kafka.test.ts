import { kafkaConformance, testKafkaBroker } from "@freshet/testkit";
import { createKafkajsPort } from "./kafkajs-port.js";

const clock = { nowMs: () => Date.now() };

kafkaConformance("kafkajs", () => createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "freshet-conformance", clock }));

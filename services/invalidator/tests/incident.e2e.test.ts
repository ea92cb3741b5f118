import { describe, test } from "@jest/globals";
import { drillIncident } from "./incident-drill.js";

describe("an incident, from the wrong rules file to the oracle's end", () => {
  test("dead letters and history are replayed, killed twice and resumed, with live traffic", async () => {
    await drillIncident({ events: 10_000, products: 2000, partitions: 6, livePerSecond: 120, rate: 400, holdsLag: false });
  }, 1_200_000);
});

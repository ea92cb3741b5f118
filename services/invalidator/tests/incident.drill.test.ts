import { describe, test } from "@jest/globals";
import { drillIncident } from "./incident-drill.js";

describe("an incident of 50,000 events (npm run drill:incident)", () => {
  test("ends where the oracle says, and the live group's lag p99 stays under twice what it is alone", async () => {
    await drillIncident({ events: 72_000, products: 10_000, partitions: 6, livePerSecond: 400, rate: 2000, holdsLag: true });
  }, 600_000);
});

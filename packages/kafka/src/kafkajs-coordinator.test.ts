import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createStubBrokers } from "../tests/stub-brokers.js";
import { type KafkajsCluster, openCluster } from "./kafkajs-cluster.js";
import { coordinatorOf } from "./kafkajs-coordinator.js";

const notFound = Object.assign(new Error("Failed to find group coordinator"), { name: "KafkaJSGroupCoordinatorNotFound" });

/** A cluster that finds no coordinator; of a group its first broker says so much. */
function hidden(errorCode: number): KafkajsCluster {
  const cluster = openCluster(createStubBrokers({ earliest: 0, latest: 0, stable: 0, batches: [] }).kafka);
  const send = async () => ({ errorCode, rights: null });
  return Object.assign(cluster, {
    findGroupCoordinator: () => Promise.reject(notFound),
    brokerPool: { seedBroker: { connectionPool: { send } } },
  });
}

describe("the coordinator of a group that kafkajs does not find", () => {
  test("is one this user may not hear of: the right is named, and nothing is waited for", async () => {
    const error = await coordinatorOf(hidden(30), "g").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FreshetError);
    expect(error).toMatchObject({ code: "FR3006", disposition: "halt", fix: expect.stringContaining("Describe on group g") });
  });

  test("is away: what kafkajs said stays", async () => {
    await expect(coordinatorOf(hidden(0), "g")).rejects.toBe(notFound);
  });

  test("cannot be asked about: what kafkajs said stays", async () => {
    const cluster = Object.assign(hidden(30), { brokerPool: undefined });
    await expect(coordinatorOf(cluster, "g")).rejects.toBe(notFound);
  });
});

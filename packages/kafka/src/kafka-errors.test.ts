import { expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { fromKafkajs } from "./kafka-errors.js";

test("says which broker does not answer, and how, whatever kafkajs wraps it in", () => {
  const refused = new kafkajs.KafkaJSConnectionError("Connection error: connect ECONNREFUSED", { broker: "b:9092", code: "ECONNREFUSED" });
  const wrapped = new kafkajs.KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 4, retryTime: 1 });
  for (const error of [refused, Object.assign(wrapped, { cause: refused })]) {
    expect(fromKafkajs(error, "listing topics")).toMatchObject({
      code: "FR3001",
      disposition: "wait",
      message: "Kafka did not do its part while listing topics: KafkaJSConnectionError (b:9092, ECONNREFUSED)",
    });
  }
});

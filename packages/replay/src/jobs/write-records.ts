import type { ProduceRecord } from "@freshet/kafka/port";
import { withWriteRights } from "../dead-letters/rights.js";
import type { ReplayKafka } from "../run/bounded-kafka.js";

/** Appends to the jobs topic, and returns when the brokers have it. Errors as `KafkaPort.produce`; one for lack of rights names them. */
export async function writeJobRecords(kafka: Pick<ReplayKafka, "produce">, records: readonly ProduceRecord[]): Promise<void> {
  await withWriteRights({ topic: records[0]?.topic ?? "", what: "to write jobs down" }, kafka.produce(records));
}

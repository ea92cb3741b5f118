import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import type { Message } from "kafkajs";
import { startFreshet } from "../freshet-process.js";
import type { SentRecord } from "../oracle.js";
import type { Scene } from "../scene.js";
import { runDrill } from "./drill.js";

const SIZE = { events: 12_000, products: 2000, partitions: 4 };
/** Longer than the minute after which lag calls a transaction hanging. */
const TRANSACTION_TIMEOUT_MS = 100_000;

test("transactions: aborted ones do nothing, and a hanging one shows in lag and loses nothing", async () => {
  const properties = { "transaction.abort.timed.out.transaction.cleanup.interval.ms": "2000" };
  await runDrill({ name: "transactions", nodes: 1, size: SIZE, properties }, async (drill) => {
    const { tell, scene, act, brokers } = drill;
    const plain = act.workload.sent.filter(({ headers }) => headers.every(([, value]) => value !== null));
    const part = (at: number) => plain.slice((at * plain.length) / 4, ((at + 1) * plain.length) / 4);
    await drill.start();

    const aborted = await brokers.begin(`${scene.group}-aborted`, TRANSACTION_TIMEOUT_MS);
    await aborted.send(scene.topic, part(0).map(asMessage));
    await scene.topics.send(scene.topic, part(1));
    await aborted.abort();
    const committed = await brokers.begin(`${scene.group}-committed`, TRANSACTION_TIMEOUT_MS);
    await committed.send(scene.topic, part(2).map(asMessage));
    await committed.commit();
    const sent = part(1).length + part(2).length;
    await until(() => drill.progress.total() >= sent, { timeoutMs: 90_000, what: "what was committed has ended" });
    tell(`${part(0).length} records of an aborted transaction, ${part(2).length} of a committed one, ${part(1).length} of none`);
    expect(drill.progress.total()).toBe(sent);

    const hanging = await brokers.begin(`${scene.group}-hanging`, TRANSACTION_TIMEOUT_MS);
    await hanging.send(scene.topic, part(0).filter(onFirstPartition).map(asMessage));
    await hanging.forsake();
    const begunMs = performance.now();
    const since = () => ((performance.now() - begunMs) / 1000).toFixed(1);
    await scene.topics.send(scene.topic, part(3));
    const elsewhere = part(3).filter((record) => !onFirstPartition(record)).length;
    await until(() => drill.progress.total() >= sent + elsewhere, { timeoutMs: 60_000, what: "the other partitions go on" });
    tell(`a transaction hangs in partition 0; the other partitions went on (${elsewhere} records)`);
    const hangs = async () => (await lagOf(scene))?.state === "hanging_transaction";
    await until(hangs, { timeoutMs: 100_000, pollMs: 2000, what: "freshet lag calls it a hanging transaction" });
    const told = await lagOf(scene);
    tell(`freshet lag after ${since()} s: ${JSON.stringify(told)}`);
    expect(Number(told?.openRecords)).toBeGreaterThan(0);
    expect(drill.progress.total()).toBe(sent + elsewhere);

    const all = sent + part(3).length;
    await until(() => drill.progress.total() >= all, {
      timeoutMs: 150_000,
      what: "the broker ends the transaction, and what waited is read",
    });
    tell(`the broker ended it, and what waited behind it has ended ${since()} s after it began`);
    // Control records at the ends of partitions are nobody's to commit: plain ones come last.
    const last = act.workload.sent.filter(({ headers }) => headers.some(([, value]) => value === null));
    await scene.topics.send(scene.topic, last);
    await drill.checkAll(all + last.length);
    await drill.stopServices();
  });
}, 600_000);

function onFirstPartition({ partition }: SentRecord): boolean {
  return partition === 0;
}

/** kafkajs' transactions take headers as texts and bytes only. */
function asMessage({ partition, key, value, headers }: SentRecord): Message {
  const byName: Record<string, Buffer[]> = {};
  for (const [name, bytes] of headers) if (bytes !== null) byName[name] = [...(byName[name] ?? []), bytes];
  return { partition, key, value, headers: byName };
}

/** What `freshet lag --json` says of partition 0. */
async function lagOf(scene: Scene): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { stdout } = await startFreshet(["lag", "--json"], scene.env).ended;
  const { partitions } = JSON.parse(stdout) as { partitions: readonly Readonly<Record<string, unknown>>[] };
  return partitions.find(({ partition }) => partition === 0);
}

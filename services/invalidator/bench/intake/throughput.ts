// Events a second with uniform subjects and with Zipf's: stock kafkajs doing nothing, Freshet with floors off and on, and a Go consumer.
import { Redis } from "ioredis";
import { type Measured, type Summary, summarize } from "../rounds.ts";
import { countStale, type EntryLayout, putBack, removeEntries, roundsOf, type Workload, writeEvents } from "../workload.ts";
import { type Figures, runProgram, runScript } from "./contender.ts";
import type { GoPeer } from "./go-peer.ts";
import { zipfChanges } from "./zipf.ts";

export type Subjects = "uniform" | "zipf";

interface Contender {
  readonly name: string;
  readonly layout: EntryLayout;
  readonly script: string | null;
}

const CONTENDERS: readonly Contender[] = [
  { name: "noop", layout: "none", script: "../noop.ts" },
  { name: "freshet-floors-off", layout: "hash-and-json", script: "../freshet.ts" },
  { name: "freshet-floors-on", layout: "managed", script: "../freshet.ts" },
  { name: "go", layout: "hash", script: null },
];

export interface Throughput extends Summary {
  readonly subjects: Subjects;
  readonly events: number;
}

/** Nothing is put back this near the end: it would come after its subject's last change. */
const LAST_ROUNDS = 4;
/**
 * With Zipf's law only the subjects that come all the time are put back, and not in the second half: each comes again. Its partitions are
 * not equally long, so some end well before the others.
 */
const ZIPF_PUT_BACK = { subjects: 100, everyEvents: 20_000, until: 0.5 };

export async function measureThroughput(options: {
  readonly subjects: Subjects;
  readonly workload: Workload;
  readonly goPeer: GoPeer;
  /** How often each contender runs, in turns. */
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<Throughput[]> {
  const { subjects, goPeer, say } = options;
  const workload = { ...options.workload, topic: `${options.workload.topic}-${subjects}` };
  const redis = new Redis(workload.redisUrl);
  say(`${subjects}: writing ${workload.events} events of ${workload.subjects} subjects …`);
  await writeEvents(workload, subjects === "zipf" ? zipfChanges(workload.events, workload.subjects) : undefined);
  await runScript("../noop.ts", workload, () => undefined); // whoever comes first pays for a broker's cold pages
  if ("missing" in goPeer) say(`go: left out: ${goPeer.missing}`);
  const contenders = CONTENDERS.filter(({ script }) => script !== null || "program" in goPeer);
  const rounds: Measured[][] = [];
  while (rounds.length < options.rounds) {
    const round: Measured[] = [];
    rounds.push(round);
    for (const contender of contenders) {
      const figures = await measure({ redis, workload, subjects, contender, goPeer, round: rounds.length });
      say(`${subjects} ${contender.name}: ${Math.round(figures.eventsPerSecond)} events/s`);
      round.push({ name: contender.name, ...figures });
    }
  }
  redis.disconnect();
  return summarize(rounds, ["noop", "go"]).map((summary) => ({ subjects, events: workload.events, ...summary }));
}

async function measure(run: {
  readonly redis: Redis;
  readonly workload: Workload;
  readonly subjects: Subjects;
  readonly contender: Contender;
  readonly goPeer: GoPeer;
  readonly round: number;
}): Promise<Figures> {
  const { redis, subjects, contender, goPeer } = run;
  const { name, layout, script } = contender;
  const own: Workload = { ...run.workload, prefix: `${run.workload.topic}-${name}-${run.round}:` };
  await putBack(redis, own, { layout, round: 0 });
  let busy: Promise<unknown> = Promise.resolve();
  let passed = 0;
  const onProgress = (records: number): void => {
    const due = putBackDue(subjects, own, records);
    if (due === null || due.step <= passed) return;
    passed = due.step;
    busy = busy.then(() => putBack(redis, { ...own, subjects: due.subjects }, { layout, round: due.round }));
  };
  const go = "program" in goPeer ? goPeer.program : "";
  const goArguments = [own.broker, new URL(own.redisUrl).host, own.topic, String(own.events), own.prefix];
  const running =
    script === null ? runProgram([go, ...goArguments], own.events, onProgress) : runScript(script, { ...own, layout }, onProgress);
  const figures = await running;
  await busy;
  // Of Zipf's subjects the rare ones may never have come: only those that were put back must be gone.
  const checked = subjects === "zipf" ? { ...own, subjects: ZIPF_PUT_BACK.subjects } : own;
  const stale = await countStale(redis, checked, layout);
  if (stale > 0) throw new Error(`${name}: ${stale} entries are older than the last change of their subject`);
  await removeEntries(redis, own, layout);
  return figures;
}

function putBackDue(subjects: Subjects, own: Workload, records: number): { step: number; round: number; subjects: number } | null {
  if (subjects === "zipf") {
    if (records > own.events * ZIPF_PUT_BACK.until) return null;
    return { step: Math.floor(records / ZIPF_PUT_BACK.everyEvents), round: 0, subjects: ZIPF_PUT_BACK.subjects };
  }
  const round = Math.floor(records / own.subjects);
  return round > roundsOf(own) - LAST_ROUNDS ? null : { step: round, round, subjects: own.subjects };
}

import process from "node:process";

/** What a contender tells the parent process, in this order: `progress` each so many records, `done` once. */
export type Report =
  | { readonly kind: "progress"; readonly records: number }
  | { readonly kind: "done"; readonly records: number; readonly seconds: number; readonly cpuSeconds: number; readonly rssMb: number };

const PROGRESS_RECORDS = 10_000;

/** Counts records from the first batch to the last record, and reports to the parent. */
export function createCounter(total: number): { readonly count: (records: number) => void; readonly finished: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let records = 0;
  let startedMs = 0;
  let cpu = process.cpuUsage();
  let reported = 0;
  const send = (report: Report): void => void process.send?.(report);
  return {
    finished: promise,
    count: (more) => {
      if (startedMs === 0) {
        startedMs = performance.now();
        cpu = process.cpuUsage();
      }
      records += more;
      if (records - reported >= PROGRESS_RECORDS) {
        reported = records;
        send({ kind: "progress", records });
      }
      if (records < total) return;
      const { user, system } = process.cpuUsage(cpu);
      const seconds = (performance.now() - startedMs) / 1000;
      send({ kind: "done", records, seconds, cpuSeconds: (user + system) / 1e6, rssMb: process.resourceUsage().maxRSS / 1024 });
      resolve();
    },
  };
}

/** The workload, from the command line: the parent gives it as JSON. */
export function workloadArgument<T>(): T {
  return JSON.parse(process.argv[2] ?? "{}");
}

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { BAD_INPUT_TOPICS } from "./bad-input-records.ts";
import { testSeed } from "./config.js";

const RECORDS = 200_000;
/** Half a minute is usual on a busy machine; what is not bounded takes hours. */
const TIMEOUT_MS = 150_000;
const HEAP_MB = 300;
const RSS_MB = 1000;

interface Report {
  readonly ended: Readonly<Record<string, number>>;
  readonly rssMb: number;
}

test(
  `${RECORDS} mutated records are decoded and mapped without a surprise`,
  async () => {
    const seed = testSeed();
    const args = ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${HEAP_MB}`, join(import.meta.dirname, "fuzz-main.ts")];
    const child = spawn(process.execPath, [...args, String(seed), String(RECORDS)], { timeout: TIMEOUT_MS, killSignal: "SIGKILL" });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const how = await new Promise<string>((resolve) => child.on("close", (code, signal) => resolve(`${code ?? signal}`)));
    if (how !== "0") throw new Error(`FRESHET_TEST_SEED=${seed} ended with ${how}: ${said.slice(0, 6000)}`);
    const report: Report = JSON.parse(said);
    expect(Object.values(report.ended).reduce((sum, count) => sum + count, 0)).toBe(RECORDS);
    // Mutations must reach every format's inside: what never busts anything was only ever noise.
    const few = BAD_INPUT_TOPICS.filter((topic) => (report.ended[`${topic} busts`] ?? 0) < RECORDS / 200);
    expect(few).toEqual([]);
    expect(report.rssMb).toBeLessThan(RSS_MB);
  },
  TIMEOUT_MS + 10_000,
);

// Another client of the same Redis, in a process of its own: a round trip at a fixed pace, whether the last one has come back or
// not, so that a pause is felt by everyone who would have asked during it.
import { connect } from "node:net";
import process from "node:process";

/** From the parent: `begin` a phase or `end` it. */
export type ProbeOrder = "begin" | "end";
/** To the parent, in milliseconds. */
export interface ProbeReport {
  readonly samples: number;
  readonly p50: number;
  readonly p999: number;
  readonly max: number;
}

const PACE_MS = 1;
const ANSWER_BYTES = "+PONG\r\n".length;

const url = new URL(process.argv[2] ?? "");
const socket = connect(Number(url.port), url.hostname).setNoDelay(true);
const sentMs: number[] = [];
let waits: number[] = [];
let bytes = 0;
socket.on("data", (chunk) => {
  const nowMs = performance.now();
  bytes += chunk.length;
  for (; bytes >= ANSWER_BYTES; bytes -= ANSWER_BYTES) waits.push(nowMs - (sentMs.shift() ?? nowMs));
});
const timer = setInterval(() => {
  sentMs.push(performance.now());
  socket.write("PING\r\n");
}, PACE_MS);

process.on("message", (order: ProbeOrder) => {
  if (order === "end") process.send?.(report());
  waits = [];
});
process.on("disconnect", () => {
  clearInterval(timer);
  socket.destroy();
});

function report(): ProbeReport {
  const sorted = [...waits].sort((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { samples: sorted.length, p50: at(0.5), p999: at(0.999), max: at(1) };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

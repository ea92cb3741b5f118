// The service as it is deployed, and its CPU time so far for whoever asks.
import process from "node:process";

process.on("message", () => process.send?.(process.cpuUsage()));
await import(new URL("../../dist/main.js", import.meta.url).href);

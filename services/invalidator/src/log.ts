import { type Logger, pino } from "pino";
import type { Config } from "./config.js";

/** The service's log: JSON lines on stdout. What goes in holds no payload, no key of an entry and no secret. */
export function createLogger(config: Pick<Config, "logLevel" | "deployment">): Logger {
  return pino({
    level: config.logLevel,
    base: { service: "freshet-invalidator", deployment: config.deployment, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** What of an unexpected error may be logged: its name and where it was thrown. Its text may hold a piece of a record. */
export function framesOf(error: unknown): { readonly name: string; readonly frames: readonly string[] } {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  // The text comes first in the stack, and may have lines of its own that look like frames.
  const stack = error.stack ?? "";
  const textAt = stack.indexOf(error.message);
  const below = textAt < 0 ? "" : stack.slice(textAt + error.message.length);
  const frames = below.split("\n").filter((line) => /^\s+at /.test(line));
  return { name: error.name, frames: frames.slice(0, 12).map((line) => line.trim()) };
}

/** What kafkajs says of itself is for debugging: what matters comes as trouble. */
export function quiet(logger: Logger) {
  const debug = (fields: object, message: string): void => logger.debug(fields, message);
  return { debug, info: debug, warn: debug, error: debug };
}

import { closeSync, constants, openSync, readSync } from "node:fs";
import { errorCodeOf } from "./error-code.js";

/** No file of ours is nearly as large. */
const BYTES_MAX = 16 * 1024 * 1024;
const CHUNK_BYTES = 65_536;
/** What comes through a pipe may take so long between two of its parts. */
const SILENCE_MS = 5000;
const PAUSE_MS = 20;

/**
 * A file as UTF-8 text. Opened without waiting: a named pipe that nobody writes to would stop the whole process otherwise, its signals too.
 *
 * @throws Error as `node:fs` does, with its code; EFBIG for more than 16 MiB, ETIMEDOUT for a pipe that falls silent.
 */
export function readTextFile(path: string | URL): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readAll(file).toString("utf8");
  } finally {
    closeSync(file);
  }
}

function readAll(file: number): Buffer {
  const parts: Buffer[] = [];
  for (let bytes = 0; ; ) {
    const part = readPart(file);
    if (part.length === 0) return Buffer.concat(parts);
    bytes += part.length;
    if (bytes > BYTES_MAX) throw Object.assign(new Error("the file is too large"), { code: "EFBIG" });
    parts.push(part);
  }
}

/** Empty at the end. */
function readPart(file: number): Buffer {
  const part = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let waitedMs = 0; waitedMs < SILENCE_MS; waitedMs += PAUSE_MS) {
    try {
      return part.subarray(0, readSync(file, part));
    } catch (error) {
      if (errorCodeOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
  throw Object.assign(new Error("nothing more comes"), { code: "ETIMEDOUT" });
}

import type { Writable } from "node:stream";

/** Where a command's words go: stdout is data, stderr is talk. */
export interface Io {
  /** One line of data. */
  out(line: string): void;
  /** One line of talk: progress, hints, errors. */
  talk(line: string): void;
  /** Whether data may be coloured: a terminal, and nobody said `NO_COLOR`. */
  readonly colour: boolean;
  /** Aborted once nobody reads stdout any more; a command that never ends by itself stops then. */
  readonly unread: AbortSignal;
}

/** `Io` over the two streams of a process. */
export interface StreamIo extends Io {
  /** Resolves when everything written has left the process, or can no longer. */
  flushed(): Promise<void>;
  /** Why data that somebody waits for could not be written, such as `ENOSPC`; `null` where it was, or where nobody reads. */
  lost(): string | null;
}

/**
 * An `Io` over streams. A reader that goes away (`| head`) is no error: what is written afterwards is dropped, and the
 * command still ends with its own exit code.
 */
export function createStreamIo(stdout: Writable & { isTTY?: boolean }, stderr: Writable, noColour: boolean): StreamIo {
  const unread = new AbortController();
  let lost: string | null = null;
  const out = createSink(stdout, (code) => {
    if (code !== "EPIPE") lost = code;
    unread.abort();
  });
  const talk = createSink(stderr, () => {});
  return {
    out: out.line,
    talk: talk.line,
    colour: stdout.isTTY === true && !noColour,
    unread: unread.signal,
    flushed: async () => {
      await Promise.all([out.flushed(), talk.flushed()]);
    },
    lost: () => lost,
  };
}

function createSink(stream: Writable, onBroken: (code: string) => void) {
  let broken = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    broken = true;
    onBroken(error.code ?? error.name);
  });
  return {
    line(text: string): void {
      if (!broken) stream.write(`${text}\n`);
    },
    flushed(): Promise<void> {
      if (broken || stream.writableLength === 0) return Promise.resolve();
      return new Promise((resolve) => {
        stream.once("error", () => resolve());
        stream.write("", () => resolve());
      });
    },
  };
}

/** One JSON object on one line; versions stay strings, integers past 2^53 become strings. */
export function outJson(io: Io, value: unknown): void {
  io.out(toJson(value));
}

function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    return member instanceof Map ? Object.fromEntries(member) : member;
  });
  return text.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What JSON lets stand and a terminal obeys: written so it is the same text. */
const steering = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

import net from "node:net";

/** A connection that sends prepared bytes and counts replies: what is measured is Redis, not a client library. */
export interface Wire {
  /** Sends calls, at most `window` of them without a reply, and waits for `replies` replies each. Throws at the first error reply. */
  send(calls: readonly Buffer[], way: { readonly window: number; readonly replies: number }): Promise<void>;
  close(): void;
}

export async function connectWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port) || 6379, hostname);
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let onReplies: (count: number, error: string | null) => void = () => undefined;
  const state = { isLineStart: true };
  socket.on("data", (bytes) => onReplies(...countReplies(bytes, state)));
  return {
    send: (calls, { window, replies }) =>
      new Promise((resolve, reject) => {
        let sent = 0;
        let answered = 0;
        const push = (): void => {
          while (sent < calls.length && sent * replies - answered < window * replies) socket.write(calls[sent++] ?? "");
        };
        onReplies = (count, error) => {
          if (error !== null) reject(new Error(error));
          answered += count;
          if (answered >= calls.length * replies) resolve();
          else push();
        };
        push();
      }),
    close: () => socket.destroy(),
  };
}

const [ARRAY, NUMBER, ERROR, NEWLINE] = [42, 58, 45, 10];

/** Replies begin a line with `*` (scripts) or `:` (UNLINK); nothing inside of them does. */
function countReplies(bytes: Buffer, state: { isLineStart: boolean }): [number, string | null] {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (state.isLineStart && byte === ERROR) return [count, bytes.subarray(i, i + 200).toString()];
    if (state.isLineStart && (byte === ARRAY || byte === NUMBER)) count += 1;
    state.isLineStart = byte === NEWLINE;
  }
  return [count, null];
}

/** One command as Redis reads it. */
export function encodeCommand(parts: readonly string[]): Buffer {
  return Buffer.from(`*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`);
}

import type { Socket } from "node:net";
import type { Fault } from "./fault.js";

/** One connection through the proxy: the client's side and the server's, and what passes between them. */
export class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  #fault: Fault = { kind: "none" };
  /** Bytes of replies that may still pass before the connection is cut. */
  #repliesLeft = Number.POSITIVE_INFINITY;
  /** Bytes were lost: once healed, nothing sensible can follow them. */
  #isTorn = false;

  constructor(client: Socket, server: Socket, fault: Fault) {
    this.#client = client;
    this.#server = server;
    server.on("error", () => client.destroy());
    client.on("error", () => server.destroy());
    client.on("close", () => server.destroy());
    server.on("close", () => client.end());
    this.#pass(client, server, (chunk) => chunk);
    this.#pass(server, client, (chunk) => this.#reply(chunk));
    this.apply(fault);
  }

  onClose(listener: () => void): void {
    this.#client.on("close", listener);
  }

  apply(fault: Fault): void {
    this.#fault = fault;
    this.#repliesLeft = fault.kind === "cut" ? fault.afterBytes : Number.POSITIVE_INFINITY;
    if (fault.kind === "none" && this.#isTorn) this.destroy();
    else if (fault.kind === "reset") this.#reset();
    else if (fault.kind === "accept-then-close" || this.#repliesLeft === 0) this.destroy();
    for (const socket of [this.#client, this.#server]) {
      if (fault.kind === "black-hole") socket.pause();
      else socket.resume();
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #reset(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  /** Passes chunks on, in order, with a wait before each where there is a delay. */
  #pass(from: Socket, to: Socket, change: (chunk: Buffer) => Buffer): void {
    let last = Promise.resolve();
    const inOrder = (work: () => void): void => {
      const dueMs = performance.now() + (this.#fault.kind === "delay" ? this.#fault.ms : 0);
      last = last.then(() => waitUntil(dueMs)).then(work);
    };
    from.on("data", (chunk: Buffer) =>
      inOrder(() => {
        const passed = change(chunk);
        if (passed.length === 0 || to.write(passed)) return;
        from.pause();
        to.once("drain", () => {
          if (this.#fault.kind !== "black-hole") from.resume();
        });
      }),
    );
    from.on("end", () => inOrder(() => to.end()));
  }

  #reply(chunk: Buffer): Buffer {
    if (this.#fault.kind === "drop-replies") {
      this.#isTorn = true;
      return Buffer.alloc(0);
    }
    const passed = chunk.subarray(0, this.#repliesLeft);
    this.#repliesLeft -= passed.length;
    if (this.#repliesLeft > 0) return passed;
    this.#server.destroy();
    this.#client.end(passed);
    return Buffer.alloc(0);
  }
}

async function waitUntil(dueMs: number): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs <= 0) return;
  await new Promise<void>((resolve) => {
    setTimeout(resolve, waitMs);
  });
}

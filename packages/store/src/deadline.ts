import { FreshetError } from "@freshet/protocol";

/**
 * What `work` gives, or a `wait` error once `deadlineMs` have passed. The client's own timeouts have gaps in which a
 * promise never settles (commands kept for a reconnect that never gets ready), so every call to Redis passes through
 * here. Work of several round trips looks at the signal before each; what was sent may still run: steps are idempotent.
 */
export async function withDeadline<T>(deadlineMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = tooLate(deadlineMs);
      reject(error);
      controller.abort(error);
    }, deadlineMs);
  });
  try {
    return await Promise.race([work(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(deadlineMs: number): FreshetError {
  return new FreshetError(
    "FR2001",
    "wait",
    `Redis did not answer within ${deadlineMs} ms.`,
    "Check that Redis runs and can be reached from here.",
  );
}

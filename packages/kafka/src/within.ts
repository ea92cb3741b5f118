import { FreshetError } from "@freshet/protocol";

/**
 * The promise, or FR3001 once `ms` have passed: kafkajs has calls that never settle. What the promise does later is
 * ignored, a rejection too.
 */
export async function within<T>(ms: number, promise: Promise<T>, doing: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fix = "Check that the brokers are up and reachable from here; the service tries again until they are.";
    timer = setTimeout(() => reject(new FreshetError("FR3001", "wait", `Kafka did not answer within ${ms} ms while ${doing}`, fix)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the promise settled within `ms`, and never an error. For what is done on the way out. */
export async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

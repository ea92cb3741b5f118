import { type ErrorCode, FreshetError } from "@freshet/protocol";

/** What somebody at a terminal waits for a broker or a Redis before they want to know. */
const CONNECT_MS = 6000;
const CLOSE_MS = 1000;

interface Closable {
  close(): Promise<void>;
}

/** Which of the two a command talks to, and the error that says it did not answer. */
export interface Peer {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly fix: string;
  /** How long it has for everything, connecting too; 6 s when absent. */
  readonly patienceMs?: number;
}

export const kafkaPeer: Peer = {
  code: "FR3001",
  problem: "Kafka did not answer in time",
  fix: "Check FRESHET_KAFKA_BROKERS, and that a broker listens there; trying again makes sense.",
};

export const redisPeer: Peer = {
  code: "FR2001",
  problem: "Redis did not answer in time",
  fix: "Check FRESHET_REDIS_URL, and that a Redis listens there; trying again makes sense.",
};

/**
 * Connects, uses, closes, all in bounded time: a service waits for Kafka and Redis for as long as it takes, but a person
 * at a terminal does not. After an error nothing is closed: the process ends, and a peer that is away could only delay it.
 *
 * @throws FreshetError `wait` of the peer when it took too long; whatever connecting and using throw.
 */
export async function useBounded<P extends Closable, T>(peer: Peer, connect: () => Promise<P>, use: (port: P) => Promise<T>): Promise<T> {
  const { patienceMs = CONNECT_MS } = peer;
  const late = () => new FreshetError(peer.code, "wait", `${peer.problem} (${patienceMs / 1000} s)`, peer.fix);
  const work = async (): Promise<T> => {
    const port = await connect();
    const result = await use(port);
    await within(CLOSE_MS, port.close(), late).catch(() => {}); // the work is done; how it parts matters to nobody
    return result;
  };
  return await within(patienceMs, work(), late);
}

/** What `work` answers, or the rejection with `late` once the time is over. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

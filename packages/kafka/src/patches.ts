import { FreshetError } from "@freshet/protocol";
import type { Cluster } from "kafkajs";
import { type Codec, codecs } from "./codecs.js";
import { decodeFetchResponse, type FetchResponse } from "./fetch-decoder.js";
import { kafkajsInside } from "./kafkajs-inside.js";
import { isWatched, tellOffsetReset } from "./offset-resets.js";
import { encodeProduce, isListed, type ProduceOptions, type WireEncoder } from "./produce-encoder.js";
import { BATCH_BYTES_MAX } from "./record-batch-decoder.js";

/**
 * Everything Freshet changes inside kafkajs, for exactly one version of it. kafkajs looks the places up at each use, so
 * it does not matter whether somebody loaded it before; and clients of others in the same process keep their behaviour: fetches
 * are ours by `FLAT_FETCH_MAX_BYTES`, records to produce by `headerList`.
 *
 * - fetch responses are decoded by us: one pass, no array spread (stock dies of 125,000 small records), and a batch that
 *   cannot be decoded is a marker, not a crash loop
 * - produce requests whose records carry `headerList` are encoded by us: null, repeated and oddly named headers arrive
 * - a coordinator that does not answer one of our consumers is looked for anew: stock beats and commits to the silent one for minutes
 * - a broker that does not answer one of our records is left: stock sends to it again and again without a look at who leads now
 * - a broker that has not said yet what it speaks is asked again; stock takes its open socket for enough, and never sends anything there any more
 * - the request queue no longer wakes up every millisecond for nothing, nor every hundred to look for what took too long
 * - two requests at once open one connection; stock opens two, forgets one, and lets its end tear down the other
 * - all four codecs are there, with a cap on what they yield
 * - whoever watches a cluster is told when an offset was outside of the log; stock writes a log line
 *
 * @throws FreshetError FR1005 for any other version: the patches reach into its inside.
 */
export function installPatches(manifest: { readonly version: string } = kafkajsInside("package.json")): void {
  refuseOtherVersions(manifest);
  if (installed) return;
  patchFetch(kafkajsInside("src/protocol/requests/fetch/index.js"));
  patchProduce(kafkajsInside("src/protocol/requests/produce/index.js"), kafkajsInside("src/protocol/encoder.js"));
  patchBroker(kafkajsInside("src/broker/index.js"), kafkajsInside("src/errors.js"));
  patchConsumerGroup(kafkajsInside("src/consumer/consumerGroup.js"), kafkajsInside("src/protocol/error.js"));
  patchRequestQueue(kafkajsInside("src/network/requestQueue/index.js"));
  patchConnection(kafkajsInside("src/network/connection.js"));
  patchCodecs(kafkajsInside("src/protocol/message/compression/index.js"));
  patchOffsetManager(kafkajsInside("src/consumer/offsetManager/index.js"));
  installed = true;
}

let installed = false;

const PATCHED_VERSION = "2.2.4";

function refuseOtherVersions(manifest: { readonly version: string }): void {
  if (manifest.version === PATCHED_VERSION) return;
  const problem = `kafkajs ${manifest.version} is installed, and Freshet's patches fit ${PATCHED_VERSION} only`;
  throw new FreshetError("FR1005", "usage", problem, `Install kafkajs ${PATCHED_VERSION}, or review packages/kafka/src/patches.ts first.`);
}

/** A fetch with this size limit (4 MiB and 11 bytes, which nobody would choose) is one of ours. */
export const FLAT_FETCH_MAX_BYTES = 4 * 1024 * 1024 + 11;

/** kafkajs' table of one request's versions; `protocol` answers with the builder of that version's request and decoder. */
interface RequestDefinition<Options, Exchange> {
  protocol: (choice: Readonly<Record<"version", number>>) => (options: Options) => Exchange;
}

interface FetchExchange {
  readonly response: { readonly decode: (bytes: Buffer) => Promise<FetchResponse>; readonly parse: (response: FetchResponse) => unknown };
}

export const FETCH_VERSION = 11;

function patchFetch(definition: RequestDefinition<{ readonly maxBytes: number }, FetchExchange>): void {
  const stock = definition.protocol;
  definition.protocol = (choice) => {
    const build = stock(choice);
    return (options) => {
      const exchange = build(options);
      if (options.maxBytes !== FLAT_FETCH_MAX_BYTES) return exchange;
      if (choice.version !== FETCH_VERSION) throw tooOld("Fetch", choice.version);
      return { ...exchange, response: { ...exchange.response, decode: decodeFetchResponse } };
    };
  };
}

interface ProduceExchange {
  readonly request: { readonly encode: () => Promise<WireEncoder> };
}

/** From version 3 on a produce request carries record batches (message format v2). */
export const PRODUCE_VERSION_MIN = 3;

function patchProduce(definition: RequestDefinition<ProduceOptions, ProduceExchange>, Encoder: new (bytes: number) => WireEncoder): void {
  const stock = definition.protocol;
  definition.protocol = (choice) => {
    const build = stock(choice);
    return (options) => {
      const exchange = build(options);
      if (!isListed(options)) return exchange;
      if (choice.version < PRODUCE_VERSION_MIN) throw tooOld("Produce", choice.version);
      return { ...exchange, request: { ...exchange.request, encode: () => encodeProduce(options, Encoder) } };
    };
  };
}

interface Broker {
  readonly connectionPool: { readonly host: string; readonly port: number };
  readonly versions: object | null;
  disconnect(): Promise<void>;
}

interface BrokerMethods {
  produce: (this: Broker, request: ProduceOptions) => Promise<unknown>;
  isConnected: (this: Broker) => boolean;
}

interface Errors {
  readonly KafkaJSConnectionClosedError: new (problem: string, at: { readonly host: string; readonly port: number }) => Error;
}

/**
 * Stock keeps the connection on which a request timed out, sends the next try there as well, and looks for the partition's leader only
 * when its metadata is old: a frozen broker held up records for half a minute after another one led. As a closed connection the
 * same trouble makes it forget the broker and ask the others, as the Java client does. And a frozen broker takes connections without ever saying what
 * it speaks: stock takes such a broker for connected, asks it nothing more, and refuses every request with "Broker not connected" for good.
 */
function patchBroker({ prototype }: { readonly prototype: BrokerMethods }, { KafkaJSConnectionClosedError }: Errors): void {
  const { produce: stock, isConnected } = prototype;
  prototype.isConnected = function isConnectedAndKnown(this: Broker) {
    return this.versions !== null && isConnected.call(this);
  };
  prototype.produce = async function produce(this: Broker, request) {
    try {
      return await stock.call(this, request);
    } catch (error) {
      if (!isTimeout(error) || !isListed(request)) throw error;
      this.disconnect().catch(() => undefined); // waits for what else is under way on it, so nobody waits for this
      const { host, port } = this.connectionPool;
      throw new KafkaJSConnectionClosedError(error.message, { host, port });
    }
  };
}

function isTimeout(error: unknown): error is Error {
  return error instanceof Error && error.name === "KafkaJSRequestTimeoutError";
}

/** Silent, or not there at all. */
function isOutOfReach(error: unknown): boolean {
  return isTimeout(error) || (error instanceof Error && /^KafkaJSConnection(?:Closed)?Error$/.test(error.name));
}

type GroupCall = (this: { readonly cluster: Pick<Cluster, "refreshMetadata"> }, given: object) => Promise<unknown>;

const NOT_COORDINATOR = 16;

/**
 * Stock asks who coordinates the group when it joins, and joins when a broker tells it to. One that is frozen or dead tells nothing: each
 * heartbeat and each commit failed there, while the group had long gone on with another coordinator and without this member. A fetch that times out
 * stops all fetchers; all it needs is a look at who leads.
 */
function patchConsumerGroup(
  { prototype }: { readonly prototype: Record<"heartbeat" | "commitOffsets" | "recoverFromFetch", GroupCall> },
  { createErrorFromCode }: { readonly createErrorFromCode: (code: number) => Error },
): void {
  for (const name of ["heartbeat", "commitOffsets"] as const) {
    const stock = prototype[name];
    prototype[name] = async function callOfGroup(given) {
      try {
        return await stock.call(this, given);
      } catch (error) {
        throw isOutOfReach(error) && isWatched(this.cluster) ? createErrorFromCode(NOT_COORDINATOR) : error;
      }
    };
  }
  const recover = prototype.recoverFromFetch;
  prototype.recoverFromFetch = function recoverFromFetch(error) {
    return isTimeout(error) && isWatched(this.cluster) ? this.cluster.refreshMetadata() : recover.call(this, error);
  };
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }>;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  requestTimeoutIntervalId: NodeJS.Timeout | undefined;
  isConnected(): boolean;
  destroy(): void;
}

interface RequestQueueMethods {
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
  scheduleRequestTimeoutCheck: (this: RequestQueue) => void;
}

const TIMEOUT_LOOKS = 12;

/**
 * Stock re-arms a timer with a negative delay for ever. With nothing pending there is nothing to wake up for: `push` arms it again.
 * And each connection looks ten times a second for requests that took too long, which a twelfth of that long is often enough for; but
 * not any more once it is given up, when its end waits for them.
 */
function patchRequestQueue({ prototype }: { readonly prototype: RequestQueueMethods }): void {
  const stock = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue) {
    if (this.pending.length > 0) stock.call(this);
  };
  prototype.scheduleRequestTimeoutCheck = function scheduleRequestTimeoutCheck(this: RequestQueue) {
    if (!this.enforceRequestTimeout) return;
    this.destroy();
    const look = (): void => {
      const nowMs = Date.now();
      for (const request of [...this.inflight.values()]) if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest();
      if (!this.isConnected() && this.inflight.size === 0) this.destroy();
    };
    this.requestTimeoutIntervalId = setInterval(look, Math.max(1, this.requestTimeout / TIMEOUT_LOOKS));
  };
}

interface Connection {
  connect: () => Promise<unknown>;
  disconnect: () => Promise<unknown>;
}

/**
 * Stock opens a socket for every request that finds none. All but the last are held by nobody, keep the process alive, and when they
 * time out or end, they close the one in use under the requests that wait there. A `disconnect` forgets the attempt: its
 * socket is ending, and whoever connects afterwards needs a new one.
 */
function patchConnection({ prototype }: { readonly prototype: Connection }): void {
  const { connect, disconnect } = prototype;
  const attempts = new WeakMap<Connection, Promise<unknown>>();
  prototype.connect = function connectOnce(this: Connection) {
    const running = attempts.get(this);
    if (running !== undefined) return running;
    const forget = (): void => {
      if (attempts.get(this) === attempt) attempts.delete(this);
    };
    const attempt = connect.call(this).finally(forget);
    attempts.set(this, attempt);
    return attempt;
  };
  prototype.disconnect = function disconnectAndForget(this: Connection) {
    attempts.delete(this);
    return disconnect.call(this);
  };
}

interface KafkajsCodec {
  readonly compress: (encoder: { readonly buffer: Buffer }) => Promise<Buffer>;
  readonly decompress: (bytes: Buffer) => Promise<Buffer>;
}

function patchCodecs(compression: { readonly Codecs: Record<number, () => KafkajsCodec> }): void {
  for (const [id, codec] of codecs) compression.Codecs[id] = () => forKafkajs(codec);
}

function forKafkajs(codec: Codec): KafkajsCodec {
  return {
    compress: (encoder) => codec.compress(encoder.buffer),
    decompress: (bytes) => codec.decompress(bytes, BATCH_BYTES_MAX),
  };
}

interface OffsetManager {
  readonly cluster: Pick<Cluster, "fetchTopicsOffset">;
  nextOffset(topic: string, partition: number): { toString(): string };
}

type SetDefaultOffset = (this: OffsetManager, at: { readonly topic: string; readonly partition: number }) => Promise<void>;

/** kafkajs calls this for an offset that is outside of the log, and for nothing else. */
function patchOffsetManager(manager: { readonly prototype: { setDefaultOffset: SetDefaultOffset } }): void {
  const stock = manager.prototype.setDefaultOffset;
  manager.prototype.setDefaultOffset = async function setDefaultOffset(this: OffsetManager, at) {
    const askedOffset = Number(this.nextOffset(at.topic, at.partition).toString());
    await stock.call(this, at);
    await tellOffsetReset(this.cluster, { ...at, askedOffset });
  };
}

function tooOld(request: string, spoken: number): FreshetError {
  const problem = `the broker speaks version ${spoken} of ${request} at most, which is older than Kafka 2.3`;
  return new FreshetError("FR3007", "halt", problem, "Use Kafka 2.3 or newer.");
}

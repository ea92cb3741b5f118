import { kafkajsInside } from "./kafkajs-inside.js";
import type { KafkaRight } from "./port.js";

/*
 * Two requests in versions newer than kafkajs knows, both from Kafka 2.3 on: there the broker says what the asking user may do
 * (KIP-430). It is the only way to learn of rights without trying them out.
 */

/** A request as kafkajs' connections take it. */
export interface WireRequest<T> {
  readonly request: Readonly<Record<"apiKey" | "apiVersion", number>> & {
    readonly apiName: string;
    readonly encode: () => Promise<unknown>;
  };
  readonly response: { readonly decode: (bytes: Buffer) => Promise<T>; readonly parse: (decoded: T) => Promise<T> };
}

/** What of kafkajs' decoder is used. */
interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readBoolean(): boolean;
  readString(): string | null;
  readBytes(): Buffer | null;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}

export interface MetadataAnswer {
  readonly brokers: readonly { readonly id: number; readonly address: string }[];
  readonly topics: readonly {
    readonly errorCode: number;
    readonly topic: string;
    readonly partitions: readonly { readonly leader: number; readonly replicas: number; readonly inSync: number }[];
    readonly rights: ReadonlySet<KafkaRight> | null;
  }[];
}

export interface GroupAnswer {
  readonly errorCode: number;
  readonly rights: ReadonlySet<KafkaRight> | null;
}

const [METADATA, DESCRIBE_GROUPS] = [3, 15];

/** Metadata of these topics, version 8; never makes one. */
export function metadataRequest(topics: readonly string[]): WireRequest<MetadataAnswer> {
  const encode = async () =>
    encoder()
      .writeArray([...topics])
      .writeBoolean(false)
      .writeBoolean(false)
      .writeBoolean(true);
  return {
    request: { apiKey: METADATA, apiVersion: 8, apiName: "Metadata", encode },
    response: { decode: async (bytes) => decodeMetadata(decoderOf(bytes)), parse: async (answer) => answer },
  };
}

/** One group, version 3. */
export function groupRequest(group: string): WireRequest<GroupAnswer> {
  const encode = async () => encoder().writeArray([group]).writeBoolean(true);
  return {
    request: { apiKey: DESCRIBE_GROUPS, apiVersion: 3, apiName: "DescribeGroups", encode },
    response: { decode: async (bytes) => decodeGroup(decoderOf(bytes)), parse: async (answer) => answer },
  };
}

function decodeMetadata(decoder: Decoder): MetadataAnswer {
  decoder.readInt32(); // throttle time
  const brokers = decoder.readArray((at) => {
    const [id, host, port] = [at.readInt32(), at.readString(), at.readInt32()];
    at.readString(); // rack
    return { id, address: `${host ?? ""}:${port}` };
  });
  decoder.readString(); // cluster id
  decoder.readInt32(); // controller
  return { brokers, topics: decoder.readArray(decodeTopic) };
}

function decodeTopic(decoder: Decoder): MetadataAnswer["topics"][number] {
  const [errorCode, topic] = [decoder.readInt16(), decoder.readString() ?? ""];
  decoder.readBoolean(); // internal
  const partitions = decoder.readArray((at) => {
    at.readInt16();
    at.readInt32();
    const leader = at.readInt32();
    at.readInt32(); // epoch of the leader
    const [replicas, inSync] = [at.readArray(int32), at.readArray(int32)];
    at.readArray(int32); // replicas that are offline
    return { leader, replicas: replicas.length, inSync: inSync.length };
  });
  return { errorCode, topic, partitions, rights: rightsOf(decoder.readInt32()) };
}

function decodeGroup(decoder: Decoder): GroupAnswer {
  decoder.readInt32(); // throttle time
  const [group] = decoder.readArray((at) => {
    const errorCode = at.readInt16();
    for (let text = 0; text < 4; text++) at.readString(); // id, state, kind, protocol
    at.readArray((member) => {
      for (let text = 0; text < 3; text++) member.readString();
      return [member.readBytes(), member.readBytes()];
    });
    return { errorCode, rights: rightsOf(at.readInt32()) };
  });
  return group ?? { errorCode: 0, rights: null };
}

function int32(decoder: Decoder): number {
  return decoder.readInt32();
}

/** The numbers of Kafka's operations: the bits of a set of rights. */
const BITS: readonly (readonly [bit: number, right: KafkaRight])[] = [
  [3, "READ"],
  [4, "WRITE"],
  [5, "CREATE"],
  [6, "DELETE"],
  [7, "ALTER"],
  [8, "DESCRIBE"],
  [10, "DESCRIBE_CONFIGS"],
  [11, "ALTER_CONFIGS"],
];
const NOT_TOLD = -2_147_483_648;

function rightsOf(bits: number): ReadonlySet<KafkaRight> | null {
  if (bits === NOT_TOLD) return null;
  return new Set(BITS.flatMap(([bit, right]) => ((bits >> bit) & 1 ? [right] : [])));
}

interface Encoder {
  writeArray(items: readonly string[]): Encoder;
  writeBoolean(value: boolean): Encoder;
}

function encoder(): Encoder {
  return new (kafkajsInside("src/protocol/encoder"))();
}

function decoderOf(bytes: Buffer): Decoder {
  return new (kafkajsInside("src/protocol/decoder"))(bytes);
}

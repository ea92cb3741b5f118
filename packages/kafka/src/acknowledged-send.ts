import { FreshetError } from "@freshet/protocol";
import type { CompressionTypes, ICustomPartitioner, Message, Producer, RecordMetadata } from "kafkajs";
import kafkajs from "kafkajs";

/** Sends until a broker has acknowledged the partition of each message. */
export interface AcknowledgedSender {
  /** For the producer that `sendAcknowledged` is given. */
  readonly createPartitioner: ICustomPartitioner;
  sendAcknowledged(producer: Pick<Producer, "sendBatch">, batch: SendBatch): Promise<void>;
}

export interface SendBatch {
  readonly timeout: number;
  readonly compression: CompressionTypes;
  readonly topicMessages: readonly { readonly topic: string; readonly messages: readonly Message[] }[];
}

/** Each pass takes a change of leaders in the middle of a send. */
const PASSES_MAX = 5;

/**
 * kafkajs counts answers by broker: when a partition moves, within one send, to a broker that has already answered for others, its messages
 * are never sent, and the send succeeds. So what came back is held against what was to be sent, and the rest goes again. For that
 * each message keeps its partition; kafkajs would deal those without a key out anew in each attempt, some twice and some not at all.
 */
export function createAcknowledgedSender(): AcknowledgedSender {
  const places = new WeakMap<Message, number>();
  return {
    createPartitioner: () => {
      const choose = kafkajs.Partitioners.DefaultPartitioner();
      return (given) => {
        const place = places.get(given.message) ?? choose(given);
        places.set(given.message, place);
        return place;
      };
    },
    async sendAcknowledged(producer, { timeout, compression, topicMessages }) {
      let left = topicMessages.map(({ topic, messages }) => ({ topic, messages: [...messages] }));
      for (let pass = 0; pass < PASSES_MAX; pass++) {
        const taken = partitionsIn(await producer.sendBatch({ acks: -1, timeout, compression, topicMessages: left }));
        const isMissing = (topic: string, message: Message) => !taken.has(`${topic}/${places.get(message)}`);
        left = left
          .map(({ topic, messages }) => ({ topic, messages: messages.filter((message) => isMissing(topic, message)) }))
          .filter(({ messages }) => messages.length > 0);
        if (left.length === 0) return;
      }
      const problem = `partitions of ${left.map(({ topic }) => topic).join()} change their leaders faster than records can be sent`;
      throw new FreshetError("FR3001", "wait", problem, "Look at the brokers: leaders should not move all the time.");
    },
  };
}

function partitionsIn(reply: readonly RecordMetadata[]): ReadonlySet<string> {
  return new Set(reply.filter(({ errorCode }) => errorCode === 0).map(({ topicName, partition }) => `${topicName}/${partition}`));
}

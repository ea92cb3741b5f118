import { once } from "node:events";
import { connect } from "node:net";
import { Kafka, logLevel } from "kafkajs";

const LEAVE_GROUP = 13;

/**
 * Takes every member out of a group, as the coordinator does by itself once a dead one's session has timed out. A test that
 * kills a process ten times calls this to not wait those twenty seconds ten times. One broker only.
 */
export async function evictMembers(broker: string, group: string): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([group]);
    for (const { memberId } of groups.flatMap(({ members }) => members)) await leaveGroup(broker, group, memberId);
  } finally {
    await admin.disconnect();
  }
}

/** A LeaveGroup request of version 0: kafkajs sends it only for members of its own. */
async function leaveGroup(broker: string, group: string, memberId: string): Promise<void> {
  const [host = "", port = ""] = broker.split(":");
  const header = Buffer.from([0, LEAVE_GROUP, 0, 0, 0, 0, 0, 1]);
  const body = Buffer.concat([header, text("freshet-tests"), text(group), text(memberId)]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  const socket = connect(Number(port), host);
  try {
    await once(socket, "connect");
    socket.write(Buffer.concat([size, body]));
    await once(socket, "data");
  } finally {
    socket.destroy();
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

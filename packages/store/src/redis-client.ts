import { TLSSocket } from "node:tls";
import { type Command, Redis } from "ioredis";

type NetStream = Redis["stream"];

/** What is told of each SELECT that is sent, with its outcome. */
export type SelectListener = (outcome: Promise<unknown>) => void;

/** How long a server without session tickets keeps us waiting. */
const ACCEPTED_WITHIN_MS = 500;

/** The client of Redis, with what it does not do by itself when a connection begins. */
export class RedisClient extends Redis {
  /** Called as soon as one is sent, before anybody hears of its outcome: the client gets ready in database 0 when one fails. */
  onSelect: SelectListener = () => undefined;

  override sendCommand(...sent: Parameters<Redis["sendCommand"]>): unknown {
    const [command]: readonly [Command, ...unknown[]] = sent;
    if (command.name === "hello" && isAcceptedLater(this.stream)) holdUntilAccepted(this.stream);
    if (command.name === "select") this.onSelect(command.promise);
    return super.sendCommand(...sent);
  }
}

function isAcceptedLater(socket: NetStream): socket is TLSSocket {
  return socket instanceof TLSSocket && socket.getProtocol() === "TLSv1.3";
}

/**
 * Keeps what is written until the server has taken our certificate. In TLS 1.3 (RFC 8446, 4.4.2 and 4.6.1) it looks at it when this side
 * is done already, and sends session tickets then, or an alert. What it has not read when it closes would reset the connection, and
 * the alert, which says why, would be lost with it.
 */
function holdUntilAccepted(socket: TLSSocket): void {
  const release = () => {
    clearTimeout(timer);
    socket.off("session", releaseSoon);
    socket.uncork();
  };
  // Not in the event itself: what is written while OpenSSL reads is never sent. And not in the timer: what came meanwhile is read first.
  const releaseSoon = () => setImmediate(release);
  const timer = setTimeout(releaseSoon, ACCEPTED_WITHIN_MS);
  // A refused socket tells of the alert, and then of the reset; the client listens once.
  socket.on("error", () => undefined);
  socket.cork();
  socket.once("session", releaseSoon);
}

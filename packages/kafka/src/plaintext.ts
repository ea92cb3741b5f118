import { isIP, type Socket } from "node:net";
import { isLoopback } from "@freshet/protocol";

/** Of the error that ends a connection without TLS before it leaves this machine. */
export const PLAINTEXT_REFUSED = "ERR_FRESHET_PLAINTEXT";

/** Ends this socket before it connects, unless it leads to this machine. Names are judged by what they resolve to. */
export function refusePlaintext(socket: Socket, host: string): void {
  const judge = (address: string): void => {
    if (!isLoopback(address)) socket.destroy(Object.assign(new Error("plaintext is refused"), { code: PLAINTEXT_REFUSED }));
  };
  if (isIP(host) === 0) socket.on("lookup", (_error, address) => address && judge(address));
  else judge(host);
}

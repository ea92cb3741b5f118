const IPV4 = /^127(?:\.\d{1,3}){3}$/;

/**
 * Whether a host is this machine by definition: a loopback address, or a name that can mean nothing else. Whatever else a name leads
 * to is for a resolver to say.
 *
 * @param host a name or an address, the latter with or without brackets.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (IPV4.test(bare.replace(/^::ffff:/, ""))) return true;
  return bare === "::1" || bare === "localhost" || bare.endsWith(".localhost");
}

/** What happens to connections through the proxy, those that are open and those to come. */
export type Fault =
  | { readonly kind: "none" }
  /** Every chunk, either way, comes so much later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** A connection ends after so many more bytes of replies; the rest of that reply is lost. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Requests arrive and are obeyed; their replies are lost. */
  | { readonly kind: "drop-replies" }
  /** Nothing passes, and nobody is told; once healed, what was held arrives. */
  | { readonly kind: "black-hole" }
  /** Connections are reset (RST). */
  | { readonly kind: "reset" }
  /** Connections are accepted and closed at once, as by a balancer with nothing behind it. */
  | { readonly kind: "accept-then-close" };

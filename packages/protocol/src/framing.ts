import type { Decoded } from "./decoded.js";
import type { KafkaRecord } from "./record.js";
import type { SourceSpec } from "./source.js";

/**
 * Records whose values name their schema by an id of a registry, as sources with `encoding: registry` get them. `decode` never
 * waits, so they are made what it reads before it sees them.
 */
export interface FramePort {
  /**
   * The first of the records in their order, with framed values and keys as JSON text, or why one cannot be read: as many as may lie
   * in memory together, at least one. Records of other sources, and what is not framed, come back as they are.
   *
   * @throws FreshetError `wait` or `halt` while a schema cannot be had: never for what a record holds.
   */
  unframe(records: readonly KafkaRecord[], sourcesOf: SourcesOf): Promise<readonly Unframed[]>;
  /** Ends what it holds open. */
  close(): void;
}

export type SourcesOf = (topic: string) => readonly SourceSpec[];

export type Unframed = { readonly kind: "record"; readonly record: KafkaRecord } | (Decoded & { readonly kind: "rejected" });

/** Where the registry is and who asks. Texts of certificates and the key are PEM. */
export interface RegistryAccess {
  readonly url: string;
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Asked before each request for what is valid by then; the two above when absent. */
  readonly renew?: () => Pick<RegistryAccess, "user" | "tls">;
  readonly clock: { nowMs(): number };
}

/** What the optional package `@freshet/schema-registry` has for whoever loads it. */
export interface SchemaRegistryModule {
  readonly createFrames: (access: RegistryAccess) => FramePort;
}

/** Whether the records of these sources may be framed; the sources of a topic agree on it. */
export function areFramed(sources: readonly SourceSpec[]): boolean {
  return sources[0]?.encoding === "registry";
}

import { FreshetError } from "@freshet/protocol";
import { type Codec, codecs } from "./codecs.js";

/** The same short text as the codecs of the Java client write it, and as a bare block of snappy, which librdkafka sends. */
const SAMPLES: readonly (readonly [codecId: number, base64: string])[] = [
  [1, "H4sIAAAAAAAA/0srSi3OSC1RKEpNTClWSMPNAwDNTmDNKQAAAA=="],
  [2, "glNOQVBQWQAAAAABAAAAAQAAABMpNGZyZXNoZXQgcmVhZHMgag4A"],
  [2, "KTRmcmVzaGV0IHJlYWRzIGoOAA=="],
  [3, "BCJNGGBAghgAAADvZnJlc2hldCByZWFkcyAOAANQcmVhZHMAAAAA"],
  [4, "KLUv/QBYpAAAcGZyZXNoZXQgcmVhZHMgAQARTiUBAAA="],
];
const TEXT = "freshet reads freshet reads freshet reads";

/**
 * Decodes a sample with each codec. Two of them are native libraries: one that was installed for another platform would otherwise be
 * found out by the first producer that changes its compression, and each of its batches would become a dead letter.
 *
 * @throws FreshetError FR3010 naming the codecs that do not work.
 */
export async function checkCodecs(known: ReadonlyMap<number, Codec> = codecs): Promise<void> {
  const broken = new Set<string>();
  for (const [id, base64] of SAMPLES) if (!(await reads(known.get(id), base64))) broken.add(codecs.get(id)?.name ?? String(id));
  if (broken.size === 0) return;
  const problem = `these compression codecs do not work here: ${[...broken].join(", ")}`;
  const fix = "Install the dependencies anew on this machine (`npm ci`), for its platform and its version of Node.";
  throw new FreshetError("FR3010", "halt", problem, fix);
}

async function reads(codec: Codec | undefined, base64: string): Promise<boolean> {
  try {
    const text = await codec?.decompress(Buffer.from(base64, "base64"), TEXT.length);
    return text?.toString() === TEXT;
  } catch {
    return false;
  }
}

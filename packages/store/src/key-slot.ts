/** Slots of a Redis Cluster. */
export const SLOTS = 16_384;

const POLYNOMIAL = 0x1021;
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc & 0xffff;
});

/** The slot of a key: CRC16 (XMODEM) of its bytes, or of what stands between its first `{` and the next `}` if that is not empty. */
export function slotOf(key: string): number {
  const tag = tagOf(key);
  let crc = 0;
  // Nearly every key is ASCII; the others are hashed by their UTF-8 bytes.
  for (let at = 0; at < tag.length; at++) {
    const code = tag.charCodeAt(at);
    if (code > 0x7f) return slotOfBytes(Buffer.from(tag));
    crc = step(crc, code);
  }
  return crc % SLOTS;
}

function slotOfBytes(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = step(crc, byte);
  return crc % SLOTS;
}

function step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ byte) & 0xff] ?? 0);
}

function tagOf(key: string): string {
  const open = key.indexOf("{");
  if (open === -1) return key;
  const close = key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

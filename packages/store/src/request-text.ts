const LINE_END = "\r\n";
/** Heads of the commonest lengths, kept: most elements are short. */
const heads: readonly string[] = Array.from({ length: 1024 }, (_, bytes) => `$${bytes}${LINE_END}`);

/**
 * A request as it goes over the wire: an array of bulk strings (https://redis.io/docs/latest/develop/reference/protocol-spec/). In
 * characters, which are sent as UTF-8.
 */
export function requestText(words: readonly string[], keys: readonly string[], args: readonly string[]): string {
  const count = words.length + keys.length + args.length;
  // Lengths count bytes. Where each character is one, and nearly always each is, nobody has to ask for the bytes of each element.
  const text = written(count, [words, keys, args], (element) => element.length);
  return Buffer.byteLength(text) === text.length ? text : written(count, [words, keys, args], Buffer.byteLength);
}

function written(count: number, lists: readonly (readonly string[])[], lengthOf: (element: string) => number): string {
  let text = `*${count}${LINE_END}`;
  for (const list of lists) {
    for (const element of list) {
      const length = lengthOf(element);
      text += (heads[length] ?? `$${length}${LINE_END}`) + element + LINE_END;
    }
  }
  return text;
}

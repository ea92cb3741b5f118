/** Whether there are so many digits in a row. Looks at every so-manieth character, for none of them is in a run without a digit there. */
export function hasDigitRun(text: string, length: number): boolean {
  for (let at = length - 1; at < text.length; at += length) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let first = at;
    while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--;
    let last = at;
    while (isDigit(text.charCodeAt(last + 1))) last++;
    if (last - first + 1 >= length) return true;
    at = last;
  }
  return false;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

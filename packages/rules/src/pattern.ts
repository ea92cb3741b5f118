/** Whether a type matches one of the patterns; `*` stands for any text, also none. */
export function typeMatcher(patterns: readonly string[]): (type: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !isWild(pattern)));
  const wild = patterns.filter(isWild).map((pattern) => pattern.split("*"));
  if (wild.length === 0) return (type) => exact.has(type);
  return (type) => exact.has(type) || wild.some((pieces) => matchesPieces(type, pieces));
}

export function isWild(pattern: string): boolean {
  return pattern.includes("*");
}

/** Greedy from the left is enough, and never goes back: patterns cannot be made slow. */
function matchesPieces(type: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (!type.startsWith(first) || !type.endsWith(last) || type.length < first.length + last.length) return false;
  let at = first.length;
  const end = type.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = type.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Whether some type matches both patterns. */
export function patternsMeet(a: string, b: string): boolean {
  const known = new Map<number, boolean>();
  const meet = (i: number, j: number): boolean => {
    const key = i * (b.length + 1) + j;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const answer = meetUncached(i, j);
    known.set(key, answer);
    return answer;
  };
  const meetUncached = (i: number, j: number): boolean => {
    if (a[i] === "*") return meet(i + 1, j) || (j < b.length && meet(i, j + 1));
    if (b[j] === "*") return meet(i, j + 1) || (i < a.length && meet(i + 1, j));
    if (i === a.length || j === b.length) return i === a.length && j === b.length;
    return a[i] === b[j] && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}

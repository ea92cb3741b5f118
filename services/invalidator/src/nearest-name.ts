/** The name most like `word`, or `null` when none is near enough to be what was meant. */
export function nearestName(word: string, names: readonly string[]): string | null {
  const ranked = names.map((name) => ({ name, cost: costOf(word, name) })).toSorted((a, b) => a.cost - b.cost);
  const best = ranked[0];
  return best !== undefined && best.cost <= Math.max(2, Math.floor(word.length / 3)) ? best.name : null;
}

/** A part that was left out (`FRESHET_BROKERS`) is a smaller slip than any other of its length. */
function costOf(word: string, name: string): number {
  const parts = new Set(name.split(/[_.]/));
  const isShortened = word.split(/[_.]/).every((part) => parts.has(part));
  return isShortened ? 1 + (name.length - word.length) / 100 : distance(word, name);
}

/** Insertions, deletions and replacements that turn one into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === to[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

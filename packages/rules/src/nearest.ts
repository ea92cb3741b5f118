/** Longer words are no typing errors, and comparing takes the product of their lengths. */
const comparedCharactersMax = 64;

/** The name most like `word`, or `null` when none is near enough to be what was meant. */
export function nearest(word: string, names: Iterable<string>): string | null {
  if (word.length > comparedCharactersMax) return null;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const name of names) {
    if (name === word || Math.abs(name.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `Did you mean …?` when one of the names is near, else the list of them. */
export function suggest(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  if (near !== null) return `Did you mean \`${near}\`?`;
  if (names.length === 0) return "None is declared.";
  const shown = names.slice(0, 12).map((name) => `\`${name}\``);
  return `One of: ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}.`;
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let oneBack = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (oneBack[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (twoBack[j - 2] ?? 0) + 1 : replaced;
      row.push(Math.min((oneBack[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    [twoBack, oneBack] = [oneBack, row];
  }
  return oneBack[b.length] ?? 0;
}

/** Longer texts than this are not compared: no name is, and the cost is the product of the lengths. */
const MAX_COMPARED_LENGTH = 200;

/**
 * Edits that turn one text into the other: insertions, deletions, substitutions and swaps of neighbours, each once
 * (optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/**
 * The candidate that a misspelt name most likely means: at most a third of its letters apart (case and the choice of
 * `-`, `_` or nothing do not count), the first in order among equals; undefined if none is that near.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, "");
  const wanted = plain(name);
  if (wanted.length > MAX_COMPARED_LENGTH) return undefined;
  let nearest: string | undefined;
  let nearestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const text = plain(candidate);
    if (Math.abs(text.length - wanted.length) >= nearestDistance) continue;
    const distance = editDistance(wanted, text);
    if (distance >= nearestDistance || distance >= Math.max(text.length, wanted.length)) continue;
    nearest = candidate;
    nearestDistance = distance;
  }
  return nearest;
}

/** ` Did you mean "density"?`, ready to follow a sentence; empty if nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
}

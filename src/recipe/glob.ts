/**
 * True if a glob matches the whole text: `*` is any run of characters, dots included, `?` any one. Runs in time
 * proportional to the product of the lengths, whatever the pattern.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (glob[g] === "*") {
      star = g++;
      resume = t;
    } else if (glob[g] === "?" || glob[g] === text[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      // Let the last star take one character more.
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === "*") g++;
  return g === glob.length;
}

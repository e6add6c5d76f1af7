const KILO: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12 };
const KIBI: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

export const SIZE_FORMS = "bytes, or a number with k, M, G, T, KB, MB, GB, TB, KiB, MiB, GiB or TiB";

/**
 * Reads a size in bytes: `500MB`, `1.5GB`, `64KiB`, `8k`, a plain number. A lone `B` means billions, as in mergekit's
 * `--out-shard-size 5B`. Gives undefined for anything else.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = "", prefix = "", suffix = ""] = match;
  const binary = suffix.toLowerCase() === "ib";
  const unit = prefix === "" ? suffix.toLowerCase() : prefix.toLowerCase();
  const factor = (binary ? KIBI : KILO)[unit];
  if (factor === undefined) return undefined;
  const bytes = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

import type { Interval } from "../report/report-types.ts";

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054;

/** A p value below this, after Holm's correction, is called a difference. */
export const SIGNIFICANCE = 0.05;

/** Wilson's score interval for a share of right answers, 95 %; exact ends at 0 and at all. */
export function wilson(correct: number, examples: number): Interval {
  const share = correct / examples;
  const z2 = (Z * Z) / examples;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z / (1 + z2)) * Math.sqrt((share * (1 - share) + z2 / 4) / examples);
  return {
    low: correct === 0 ? 0 : Math.max(0, centre - half),
    high: correct === examples ? 1 : Math.min(1, centre + half),
  };
}

/** Right answers of one split. */
export interface Counts {
  readonly correct: number;
  readonly examples: number;
}

/**
 * 95 % interval of the mean of accuracies over independent splits that count the same: Wilson's for one split, else the
 * normal one, with each split's variance from its share after two right and two wrong answers more (Agresti and Coull),
 * so that a split without a mistake is not taken for certain.
 */
export function meanInterval(splits: readonly Counts[]): Interval {
  const [only, another] = splits;
  if (only !== undefined && another === undefined) return wilson(only.correct, only.examples);
  const k = splits.length;
  let mean = 0;
  let variance = 0;
  for (const { correct, examples } of splits) {
    const share = (correct + 2) / (examples + 4);
    mean += correct / examples / k;
    variance += (share * (1 - share)) / (examples + 4) / (k * k);
  }
  const half = Z * Math.sqrt(variance);
  return { low: Math.max(0, mean - half), high: Math.min(1, mean + half) };
}

/** Natural logarithm of n over k. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

/**
 * McNemar's exact test, two-sided: how likely a split of the discordant examples at least as uneven as this is if either
 * side is as likely to win one. Binomial at any count, so no approximation is needed; 1 without a discordant example.
 */
export function mcnemar(gained: number, lost: number): number {
  const n = gained + lost;
  const fewer = Math.min(gained, lost);
  let term = Math.exp(logChoose(n, fewer) - n * Math.LN2);
  let tail = 0;
  for (let k = fewer; k >= 0 && term > 0; k--) {
    tail += term;
    term *= k / (n - k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Holm's correction: p values that hold together, in the order given. */
export function holm(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 1) - (values[b] ?? 1));
  const adjusted = values.slice();
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (values[at] ?? 1) * (values.length - rank)));
    adjusted[at] = largest;
  });
  return adjusted;
}

/** Counts the examples that only the first, and only the second has right. */
export function discordant(first: Uint8Array, second: Uint8Array): { gained: number; lost: number } {
  let gained = 0;
  let lost = 0;
  for (let i = 0; i < first.length; i++) {
    if (first[i] === second[i]) continue;
    if (first[i] === 1) gained++;
    else lost++;
  }
  return { gained, lost };
}

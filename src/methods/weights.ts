/** A sum of weights closer to zero than this is not divided by, as in mergekit. */
const SMALLEST_WEIGHT_SUM = 1e-8;

export const sumOf = (weights: readonly number[]): number => weights.reduce((sum, w) => sum + w, 0);

/** Why a method that has to divide by the sum of the weights cannot. */
export function checkSum({
  weight,
  normalize,
}: {
  readonly weight: readonly number[];
  readonly normalize: boolean;
}): string | undefined {
  return normalize && Math.abs(sumOf(weight)) < SMALLEST_WEIGHT_SUM
    ? `the weights ${weight.join(", ")} sum to zero and cannot be normalised`
    : undefined;
}

/** The same where weights that are all zero have an answer: nothing is added. */
export const checkSumOfParts: typeof checkSum = (parameters) =>
  parameters.weight.every((w) => w === 0) ? undefined : checkSum(parameters);

/** What a sum over task vectors is divided by. */
export function divisorOf({ weight, normalize }: Parameters<typeof checkSum>[0]): number {
  const sum = sumOf(weight);
  return normalize && Math.abs(sum) >= SMALLEST_WEIGHT_SUM ? sum : 1;
}

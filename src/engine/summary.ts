import type { TensorKind } from "../tensor/names.ts";

/** What a merge reports of one tensor, as far as a summary reads it. */
interface ReportedTensor {
  readonly kind: TensorKind;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface Spread {
  /** Tensors that have this number. */
  readonly count: number;
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

export interface KindSummary {
  readonly kind: TensorKind;
  readonly tensorCount: number;
  /** By the name that the method gave the number: "angle" in degrees, "t". */
  readonly numbers: Readonly<Record<string, Spread>>;
}

const KINDS: readonly TensorKind[] = ["attention", "mlp", "norm", "bias", "embedding", "head", "other"];

/** Sums up the numbers that methods reported, by kind of tensor; kinds without a tensor are left out. */
export function summarizeKinds(tensors: readonly ReportedTensor[]): readonly KindSummary[] {
  return KINDS.flatMap((kind) => {
    const ofKind = tensors.filter((tensor) => tensor.kind === kind);
    return ofKind.length === 0 ? [] : [{ kind, tensorCount: ofKind.length, numbers: spreads(ofKind) }];
  });
}

function spreads(tensors: readonly ReportedTensor[]): Record<string, Spread> {
  const valuesOf = new Map<string, number[]>();
  for (const { numbers } of tensors) {
    for (const [name, value] of Object.entries(numbers)) {
      // A tensor without an angle (no task vector moves) must not blot out the others.
      if (!Number.isFinite(value)) continue;
      const values = valuesOf.get(name);
      if (values === undefined) valuesOf.set(name, [value]);
      else values.push(value);
    }
  }
  return Object.fromEntries([...valuesOf].map(([name, values]) => [name, spreadOf(values)]));
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (position: number) => sorted[position] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    count: sorted.length,
    minimum: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    maximum: at(sorted.length - 1),
  };
}

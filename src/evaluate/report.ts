import type { SplitScore } from "./types.ts";

/** One split's score without the outcome of every example. */
export interface SplitAccuracy {
  readonly split: string;
  readonly role: SplitScore["role"];
  readonly examples: number;
  readonly correct: number;
  /** correct / examples. */
  readonly accuracy: number;
}

/** A model's scores, on data or as a program printed them. */
export interface EvaluationReport {
  /** As it was given. */
  readonly model: string;
  /** What computed; absent for a program. */
  readonly backend?: string;
  readonly splits: readonly SplitAccuracy[];
  /** Mean accuracy over the shifts, each counting once, as the papers report it; absent without shifts. */
  readonly meanOfShifts?: number;
  /** What a program printed. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export function accuracyOf({ split, role, examples, correct }: SplitScore): SplitAccuracy {
  return { split, role, examples, correct, accuracy: examples === 0 ? NaN : correct / examples };
}

export function meanOfShifts(splits: readonly SplitAccuracy[]): number | undefined {
  const shifts = splits.filter(({ role }) => role === "shift");
  if (shifts.length === 0) return undefined;
  return shifts.reduce((sum, { accuracy }) => sum + accuracy, 0) / shifts.length;
}

import type { MergeOptions } from "../engine/options.ts";

export type CompareProgress =
  | { readonly stage: "measure"; readonly doneBytes: number; readonly totalBytes: number }
  | {
      readonly stage: "evaluate";
      /** Name of the variant at hand. */
      readonly variant: string;
      readonly doneExamples: number;
      /** Of all variants and splits; greedy soup may turn out to need fewer. */
      readonly totalExamples: number;
    };

export interface CompareOptions extends Omit<
  MergeOptions,
  "out" | "keepIntermediate" | "copyTokenizer" | "modelCard" | "explain" | "onPlan" | "onProgress"
> {
  /** Output folder; absent or empty unless `force`. */
  readonly out: string;
  /** Folder of labelled data, above what the recipe says. */
  readonly data?: string | undefined;
  /** Names of splits, above what the recipe says. */
  readonly splits?: readonly string[] | undefined;
  /** Of other programs that take part, for the report: node. */
  readonly versions?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ((progress: CompareProgress) => void) | undefined;
}

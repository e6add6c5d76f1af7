import type { AnyMethod } from "../methods/define.ts";
import type { Recipe } from "../recipe/types.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import type { Findings } from "./findings.ts";
import type { ModelTable } from "./models.ts";
import type { Renaming } from "./renaming.ts";
import type { MethodModule } from "./types.ts";
import type { Vocabularies } from "./vocabularies.ts";

export type TensorSet = "intersection" | "union";

export interface PlanOptions {
  /** Every merge method that the recipe may name. */
  readonly methods: readonly AnyMethod[];
  /** Bytes of tensor data per output file; zero or less: one file. */
  readonly maxShardBytes: number;
  /** Adds to the plan why the tensors that this means are made as they are. */
  readonly explain?: string;
  /** Embeddings of several lengths are cut to the shortest. */
  readonly truncateEmbeddings?: boolean;
  /** Tensors of the output: those that all models have, or that any has. Absent: those of the base or the first model. */
  readonly tensorSet?: TensorSet;
  /** Results for another merge to read: at least F32 unless the recipe gives a dtype. */
  readonly fullPrecision?: boolean;
  /** Dtype of the output, above the recipe's. */
  readonly dtype?: FloatDtype;
  /** Where those of `methods` that are the recipe's own come from. */
  readonly methodModules?: readonly MethodModule[];
  /** Above the recipe's own seed. */
  readonly seed?: number;
}

/** What every step of planning needs to know. */
export interface PlanContext {
  readonly recipe: Recipe;
  readonly options: PlanOptions;
  readonly table: ModelTable;
  /** The recipe's merge method; overrides may name others. */
  readonly method: AnyMethod;
  readonly findings: Findings;
  readonly vocabularies: Vocabularies;
  /** By position in the table of models. */
  readonly renamings: readonly Renaming[];
  /** Why the method of a tensor does not run, by its name. */
  readonly instead: Map<string, string>;
}

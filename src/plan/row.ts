import type { RecipeModule, RecipeSlice } from "../recipe/types.ts";
import type { LayerName } from "../tensor/names.ts";

/** One tensor of the output and where its sources would have it. */
export interface Row {
  readonly name: string;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  /** Position of its layer in the slice, 0 to 1, for gradients; 0 outside layers. */
  readonly t: number;
  readonly layer: LayerName | undefined;
  /** Name in each source of the slice. */
  readonly sourceNames: readonly string[];
}

import type { Address } from "./address.ts";

/** Steps whose factor or sum differs from element to element; assembly/columns.ts says what each one does. */
export interface ColumnSteps {
  /** The sums are f64 in either type. */
  readonly addProducts: (a: Address, b: Address, sums: Address, n: number) => void;
  readonly scaleBy: (a: Address, s: Address, dst: Address, n: number) => void;
  readonly addDeltaBy: (x: Address, a: Address, acc: Address, c: Address, n: number) => void;
  readonly blend: (src: Address, mask: Address, dst: Address, n: number) => void;
}

type Suffixed<S extends string> = { [K in keyof ColumnSteps as `${K}${S}`]: ColumnSteps[K] };

export interface ColumnKernels extends Suffixed<"F32">, Suffixed<"F64"> {}

import type { PlannedInput } from "../plan/types.ts";
import { bytesPerElement, isFloatDtype } from "../tensor/dtype.ts";
import type { FloatDtype } from "../tensor/dtype.ts";

/** An input of the tensor at hand, and its tile. */
export interface Operand {
  readonly input: PlannedInput;
  readonly dtype: FloatDtype;
  readonly elementBytes: number;
  /** Bytes of files that are read for an element: more or fewer than it has where it is computed. */
  readonly readBytes: number;
  /** Address of its tile. */
  slot: number;
  loaded: boolean;
}

/** `ratios`: of a computed model, the bytes that are read for each byte of its tensors. */
export function operandOf(input: PlannedInput, ratios: ReadonlyMap<string, number> | undefined): Operand {
  const element = elementOf(input.dtype);
  const readBytes = element.elementBytes * (ratios?.get(input.tensor) ?? 1);
  return { input, ...element, readBytes, slot: 0, loaded: false };
}

/** Dtypes without arithmetic are handed through as bytes: the plan's byte length is then the number of elements. */
export function elementOf(dtype: PlannedInput["dtype"]): {
  dtype: FloatDtype;
  elementBytes: number;
} {
  return isFloatDtype(dtype)
    ? { dtype, elementBytes: bytesPerElement(dtype) }
    : { dtype: "F32", elementBytes: 1 };
}

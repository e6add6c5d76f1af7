import { configValue } from "../sources/config.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { dtypeFromRecipe, isFloatDtype, promoteFloat } from "../tensor/dtype.ts";
import type { Dtype, FloatDtype } from "../tensor/dtype.ts";
import type { PlanContext } from "./context.ts";

/** Dtype of an output tensor: what is asked for, else the one that holds the values of all inputs. */
export function outputDtype(inputs: readonly Dtype[], { recipe, options }: PlanContext): FloatDtype {
  const asked = options.dtype ?? recipe.outDtype ?? recipe.dtype;
  if (asked !== undefined) return asked;
  const floats = inputs.filter(isFloatDtype);
  const least = options.fullPrecision === true ? "F32" : floats[0];
  return floats.reduce((all, dtype) => promoteFloat(all, dtype), least ?? "F32");
}

/** The float dtype with the most bytes; undefined without any. */
function dominantFloat(
  tensors: Iterable<{ readonly dtype: Dtype; readonly byteLength: number }>,
): FloatDtype | undefined {
  const bytes = new Map<FloatDtype, number>();
  for (const { dtype, byteLength } of tensors) {
    if (isFloatDtype(dtype)) bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  }
  let dominant: FloatDtype | undefined;
  for (const [dtype, count] of bytes) {
    if (dominant === undefined || count > (bytes.get(dominant) ?? 0)) dominant = dtype;
  }
  return dominant;
}

/** Dtype to write into config.json: the output's, if the donor's config (or, silent, its weights) says another. */
export function changedDtype(
  donor: ModelHeaders,
  output: Iterable<{ readonly dtype: Dtype; readonly byteLength: number }>,
): FloatDtype | undefined {
  const stated = configValue(donor.config, "dtype") ?? configValue(donor.config, "torch_dtype");
  const before =
    (typeof stated === "string" ? dtypeFromRecipe(stated) : undefined) ??
    dominantFloat(donor.tensors.values());
  const after = dominantFloat(output);
  return donor.config === undefined || after === before ? undefined : after;
}

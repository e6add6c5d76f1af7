import { baseOf, combine, mean, onlyModel, scale, sum, vector, at } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** sum w_i x_i / sum w_i, without the division if `normalize` is false. A base is no more than one of the models. */
export function linear(
  inputs: Inputs & { readonly weight: readonly number[]; readonly normalize?: boolean },
): Vector {
  const { models, weight, normalize = true } = inputs;
  const total = sum(weight);
  if (normalize && total === 0) throw new Error("the weights sum to zero");
  return scale(combine(models, weight), normalize ? 1 / total : 1);
}

/** scale * x. */
export function passthrough(inputs: Inputs & { readonly scale?: readonly (number | undefined)[] }): Vector {
  return scale(onlyModel(inputs), inputs.scale?.[0] ?? 1);
}

/** The plain mean of the models; a base does not count. */
export function uniformSoup({ models }: Inputs): Vector {
  return vector(models[0]?.length ?? 0, (i) => mean(models.map((model) => at(model, i))));
}

/** (1 - alpha) base + alpha x. */
export function wiseFt(inputs: Inputs & { readonly alpha: number }): Vector {
  return combine([baseOf(inputs), onlyModel(inputs)], [1 - inputs.alpha, inputs.alpha]);
}

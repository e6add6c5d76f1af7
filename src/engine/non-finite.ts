import { EngineError } from "../errors.ts";
import type { NonFinite } from "./protocol.ts";

/** Each pass over a tensor sees its bad values again: the largest count of a pass stands. */
export function withoutRepeats(entries: readonly NonFinite[]): NonFinite[] {
  const byPlace = new Map<string, NonFinite>();
  for (const entry of entries) {
    const key = `${entry.tensor} ${entry.model ?? ""}`;
    if (entry.count > (byPlace.get(key)?.count ?? 0)) byPlace.set(key, entry);
  }
  return [...byPlace.values()];
}

export function nonFiniteError({ tensor, model, count }: NonFinite): EngineError {
  const what = count === 1 ? "1 value is" : `${count} values are`;
  const whose = model === undefined ? "the result, though no input is" : `model ${model}`;
  return new EngineError("ENGINE_NON_FINITE", `${what} NaN or infinite in ${tensor} of ${whose}`, {
    where: tensor,
    hint: "Check that model's weights, or pass --allow-non-finite to merge all the same.",
  });
}

import { isMergeError, PlanError, problemOf } from "../errors.ts";
import type { ErrorCode, Position } from "../errors.ts";
import { frameAt } from "../recipe/frame.ts";
import type { Recipe } from "../recipe/types.ts";

/** Runs a step, and gives an error of this code the place in the recipe that asked for it. */
export function placed<T>(recipe: Recipe, position: Position, code: ErrorCode, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!isMergeError(error, code)) throw error;
    const frame = frameAt(recipe.text, position.line, position.column);
    throw new PlanError(code, error.message, { problems: [{ ...problemOf(error), position, frame }] });
  }
}

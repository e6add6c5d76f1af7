import { MAX_LIST_LENGTH, MAX_MODELS, MAX_NAME_LENGTH } from "./limits.ts";
import { list, name, parameters, record } from "./schema-forms.ts";
import type { JsonObject } from "../sources/types.ts";

/** What `variants` may name beside merge methods. */
export const SPECIAL_VARIANTS = ["base", "models", "recipe", "greedy_soup", "ensemble"] as const;

/** Points of a WiSE-FT curve from 0 to 1, where the recipe does not say. */
export const DEFAULT_CURVE_STEP = 0.1;

function variantEntry(method: JsonObject): JsonObject {
  const special = SPECIAL_VARIANTS.join(", ");
  return {
    ...record(`A merge method's name, or one of ${special}; or a mapping that says more.`, [], {
      name: name("How tables and keep call it; absent: the name of the method or of the file."),
      merge_method: { description: "Absent: the recipe's own method.", ...method },
      models: list(
        "Only these of the recipe's models, by reference or by the last part of it.",
        name("A model of the recipe."),
        MAX_MODELS,
      ),
      parameters: parameters("Parameters; with the recipe's own method, beside those of the recipe."),
      step: {
        description: "For wise_ft without alpha: the distance of the points of its curve.",
        type: "number",
        minimum: 0.001,
        maximum: 1,
        default: DEFAULT_CURVE_STEP,
      },
      recipe: name("Another recipe file, from the working directory or this recipe's folder."),
    }),
    type: ["string", "object"],
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
  };
}

/** The key of a recipe that says what `stockpot compare` lays side by side. */
export function compareKey(method: JsonObject): JsonObject {
  const what =
    "What to compare; absent: base, models, uniform_soup, model_stock, task_arithmetic, the recipe itself, wise_ft, greedy_soup and ensemble.";
  return {
    compare: record("What stockpot compare lays side by side; other commands pass over it.", [], {
      variants: list(what, variantEntry(method), MAX_LIST_LENGTH),
      baseline: name("The variant that the others are tested against; absent: uniform_soup."),
      held_out: name(
        "The split that chooses models for greedy_soup and wise_ft; absent: the one that the data call so.",
      ),
      keep: list(
        "Variants whose weights are written, each into a folder of its name.",
        name("Name of a variant."),
        MAX_LIST_LENGTH,
      ),
      results: list(
        "Files of results that were measured elsewhere, to be laid beside these.",
        name("A JSON-lines file, from the working directory or the recipe's folder."),
        MAX_LIST_LENGTH,
      ),
      data: name("Folder of labelled data, as in evaluate."),
      splits: list("As in evaluate.", name("Name of a split."), MAX_LIST_LENGTH),
    }),
  };
}

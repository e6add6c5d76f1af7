import { MAX_LIST_LENGTH } from "./limits.ts";
import { list, mapOf, name, record } from "./schema-forms.ts";
import type { JsonObject } from "../sources/types.ts";

/** Of one forward pass; more fit no memory. */
export const MAX_BATCH = 4_096;
/** A month. */
const MAX_TIMEOUT_SECONDS = 31 * 86_400;

/** The key of a recipe that says how to score its result. */
export const EVALUATE_KEY: JsonObject = {
  evaluate: record("How to score the result: on data, with TensorFlow.js, or by a program.", [], {
    data: name("Folder of labelled data, from the working directory or the recipe's folder."),
    splits: list(
      "Which of its splits; absent: all but the training set.",
      name("Name of a split."),
      MAX_LIST_LENGTH,
    ),
    batch: {
      description: "Examples in one forward pass.",
      type: "integer",
      minimum: 1,
      maximum: MAX_BATCH,
    },
    head: name(
      "Safetensors file with text embeddings, one row a class, for a CLIP model without a classifier.",
    ),
    command: list(
      "Program and arguments, {model} for the model's folder. It prints JSON. It runs, so --allow-code is needed.",
      { type: "string" },
      MAX_LIST_LENGTH,
    ),
    metrics: list(
      "Which numbers of the JSON, keys joined by dots: results.hellaswag.acc,none. Absent: all.",
      name("Where a number stands."),
      MAX_LIST_LENGTH,
    ),
    timeout_seconds: {
      description: "When to give the program up.",
      type: "integer",
      minimum: 1,
      maximum: MAX_TIMEOUT_SECONDS,
      default: 86_400,
    },
    environment: mapOf("Variables beside your own.", { type: ["string", "number"] }, MAX_LIST_LENGTH),
    folder: name("Working folder of the program; absent: the working directory."),
    log: name("File for all that the program prints."),
  }),
};

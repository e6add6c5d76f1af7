import { FormatError, problemOf, SourceError, throwIfErrors } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { locate } from "./locate.ts";
import type { OpenOptions } from "./locate.ts";
import { readModel } from "./read-model.ts";
import { referenceText } from "./types.ts";
import type { ModelHeaders, ModelReference } from "./types.ts";

/**
 * Finds a model and reads its headers, config and file list, no weights. Throws SourceError or FormatError; the error's
 * problems list everything that is wrong with the model.
 */
export async function openModel(reference: ModelReference, options: OpenOptions): Promise<ModelHeaders> {
  const errors: MergeError[] = [];
  const location = await locate(reference.path, options);
  const model = await readModel(referenceText(reference), location, (error) => errors.push(error));
  const [first, ...others] = errors;
  if (first !== undefined && others.length === 0) throw first;
  throwIfErrors(errors.map(problemOf), first instanceof FormatError ? FormatError : SourceError);
  return model;
}

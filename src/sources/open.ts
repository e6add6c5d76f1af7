import { FormatError, isMergeError, problemOf, SourceError, throwIfErrors } from "../errors.ts";
import type { MergeError, Problem } from "../errors.ts";
import { ADAPTER_CONFIG, openAdapter } from "./open-adapter.ts";
import { applyAdapter } from "./apply-adapter.ts";
import { locate, notFound } from "./locate.ts";
import type { OpenOptions } from "./locate.ts";
import { readModel } from "./read-model.ts";
import { referenceText } from "./types.ts";
import type { ModelHeaders, ModelReference } from "./types.ts";

/** Opens several models, by `referenceText`; the error lists what is wrong with all of them. */
export async function openModels(
  references: readonly ModelReference[],
  options: OpenOptions,
): Promise<ReadonlyMap<string, ModelHeaders>> {
  const models = new Map<string, ModelHeaders>();
  const errors: MergeError[] = [];
  // One after the other: each opens up to a batch of files at a time.
  for (const reference of references) {
    try {
      models.set(referenceText(reference), notAnAdapter(await openModel(reference, options)));
    } catch (error) {
      if (!isMergeError(error)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
  return models;
}

/**
 * Finds a model, as a path or else at the Hub, and reads its headers, config and file list, no weights. Throws SourceError or FormatError; the error's
 * problems list everything that is wrong with the model.
 */
export async function openModel(reference: ModelReference, options: OpenOptions): Promise<ModelHeaders> {
  const errors: MergeError[] = [];
  const { lora, ...plain } = reference;
  const found = await findModel(plain, options, (error) => errors.push(error));
  throwAll(errors);
  const adapter = lora === undefined ? undefined : await openAdapter(lora, options);
  const local = [
    ...(found.hub === undefined ? [plain] : []),
    ...(lora !== undefined && adapter !== undefined && adapter.originOf([]).hub === undefined ? [lora] : []),
  ];
  const more = [...local.flatMap(unusedRevision), ...(adapter?.warnings ?? [])];
  const model = more.length === 0 ? found : { ...found, warnings: [...(found.warnings ?? []), ...more] };
  return adapter === undefined ? model : applyAdapter(model, adapter, referenceText(reference));
}

function unusedRevision({ path, revision }: Pick<ModelReference, "path" | "revision">): Problem[] {
  if (revision === undefined) return [];
  const message = `${path} is on this machine: its revision ${JSON.stringify(revision)} has no effect`;
  return [{ code: "SOURCE_REVISION", severity: "warning", message, hint: "Leave the revision out." }];
}

/** Refuses an adapter's folder in the place of a model, of which only the adapter's matrices would be merged. */
function notAnAdapter(model: ModelHeaders): ModelHeaders {
  const { reference, files, sideFiles } = model;
  const isAdapter = sideFiles.some(({ name }) => name === ADAPTER_CONFIG);
  if (!isAdapter || !files.every(({ name }) => name.startsWith("adapter_model."))) return model;
  const hint = `Write the model that it was trained on before it: MODEL+${reference}.`;
  const message = `${reference} is a LoRA adapter, not a model`;
  throw new SourceError("SOURCE_ADAPTER", message, { where: reference, hint });
}

/** Reads what is known of a model, as a path first: whoever has a folder of that name means it. */
export async function findModel(
  reference: ModelReference,
  options: OpenOptions,
  report: (problem: MergeError) => void,
): Promise<ModelHeaders> {
  const { path } = reference;
  const { hub } = options;
  const location = await locate(path, options);
  if (location !== undefined) return await readModel(referenceText(reference), location, report);
  if (hub?.isName(path) !== true) throw await notFound(path, options);
  try {
    return await hub.open(reference, report);
  } catch (error) {
    throw isMergeError(error, "HUB_NOT_FOUND") ? await notFound(path, options, error) : error;
  }
}

/** Throws a single error as it is, and several as one of the first one's class that lists the problems of all. */
function throwAll(errors: readonly MergeError[]): void {
  const [first, ...others] = errors;
  if (first !== undefined && others.length === 0) throw first;
  const problems = errors.flatMap((error) =>
    error.problems.length > 0 ? error.problems : [problemOf(error)],
  );
  throwIfErrors(problems, first instanceof FormatError ? FormatError : SourceError);
}

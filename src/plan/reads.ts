import type { AnyMethod } from "../methods/define.ts";
import type { ModelTable } from "./models.ts";
import type { HubOrigin, WeightFile } from "../sources/types.ts";
import type { MergePlan, PlannedDownload, PlannedInput, PlannedModel, PlannedTensor } from "./types.ts";

function inputsOf({ base, inputs }: PlannedTensor): readonly PlannedInput[] {
  return base === undefined ? inputs : [base, ...inputs];
}

/** A plan as far as reading goes. */
export interface ReadPlan {
  readonly tensors: readonly PlannedTensor[];
  readonly models: readonly { readonly madeBy?: ReadPlan }[];
}

/** By the name of each tensor: bytes that are read for it, for each byte of it. */
export function readRatios({ tensors, models }: ReadPlan): ReadonlyMap<string, number> {
  const bytesOf = readBytes(models);
  return new Map(
    tensors.map((tensor) => [tensor.name, bytesOf(inputsOf(tensor)) / Math.max(1, tensor.byteLength)]),
  );
}

/** Adds up the bytes that are read for inputs: their own, or those that computed ones are made from. */
function readBytes(models: ReadPlan["models"]): (inputs: readonly PlannedInput[]) => number {
  const ratios = models.map(({ madeBy }) => madeBy && readRatios(madeBy));
  const bytesOf = ({ model, tensor, byteLength }: PlannedInput) =>
    byteLength * (ratios[model]?.get(tensor) ?? 1);
  return (inputs) => inputs.reduce((sum, input) => sum + bytesOf(input), 0);
}

/** The files that are read for a plan, those behind computed models among them. */
export function filesRead({ models }: Pick<MergePlan, "models">): readonly WeightFile[] {
  return models.flatMap(({ files, madeBy }) => (madeBy === undefined ? files : filesRead(madeBy)));
}

/** The models with the bytes that are read of each. */
export function modelsOf(table: ModelTable, tensors: readonly PlannedTensor[]): PlannedModel[] {
  const bytes = table.headers.map(() => 0);
  for (const { model, byteLength } of tensors.flatMap(inputsOf))
    bytes[model] = (bytes[model] ?? 0) + byteLength;
  return table.headers.map(({ reference, location, files, hub, adapter }, position) => ({
    reference,
    location,
    role: table.isBase(position) ? "base" : "model",
    files,
    readBytes: bytes[position] ?? 0,
    ...(hub && { hub: downloadOf(hub) }),
    ...(adapter?.hub && { adapterHub: downloadOf(adapter.hub) }),
  }));
}

function downloadOf({ repository, revision, commit, files, missing }: HubOrigin): PlannedDownload {
  const names = new Set(missing);
  const byteLength = files.reduce((sum, file) => sum + file.byteLength, 0);
  const cached = files.filter(({ name }) => !names.has(name));
  return {
    ...{ repository, revision, commit, byteLength },
    cachedBytes: cached.reduce((sum, file) => sum + file.byteLength, 0),
  };
}

/** The name of the pass in which methods measure. */
export const MEASURE = "measure";

/** A pass to measure what methods ask for, if any does, and one to combine. */
export function passesOf(
  tensors: readonly PlannedTensor[],
  methods: readonly AnyMethod[],
  models: ReadPlan["models"] = [],
): MergePlan["passes"] {
  const measured = tensors.filter(
    ({ action, method }) =>
      action === "merge" && methods.find((each) => each.name === method)?.measure !== undefined,
  );
  const bytesOf = readBytes(models);
  const combine = { name: "combine", readBytes: Math.round(bytesOf(tensors.flatMap(inputsOf))) };
  if (measured.length === 0) return [combine];
  return [{ name: MEASURE, readBytes: Math.round(bytesOf(measured.flatMap(inputsOf))) }, combine];
}

/** True if the merge depends on its seed. */
export function drawsNumbers(tensors: readonly PlannedTensor[], methods: readonly AnyMethod[]): boolean {
  const random = new Set(methods.filter((method) => method.random === true).map(({ name }) => name));
  return tensors.some(({ action, method }) => action === "merge" && random.has(method));
}

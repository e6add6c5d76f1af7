import type { AnyMethod } from "../methods/define.ts";
import type { ModelTable } from "./models.ts";
import type { HubOrigin } from "../sources/types.ts";
import type { MergePlan, PlannedDownload, PlannedInput, PlannedModel, PlannedTensor } from "./types.ts";

function inputsOf({ base, inputs }: PlannedTensor): readonly PlannedInput[] {
  return base === undefined ? inputs : [base, ...inputs];
}

function readBytes(inputs: readonly PlannedInput[]): number {
  return inputs.reduce((sum, { byteLength }) => sum + byteLength, 0);
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

/** A pass to measure what methods ask for, if any does, and one to combine. */
export function passesOf(
  tensors: readonly PlannedTensor[],
  methods: readonly AnyMethod[],
): MergePlan["passes"] {
  const measured = tensors.filter(
    ({ action, method }) =>
      action === "merge" && methods.find((each) => each.name === method)?.measure !== undefined,
  );
  const combine = { name: "combine", readBytes: readBytes(tensors.flatMap(inputsOf)) };
  if (measured.length === 0) return [combine];
  return [{ name: "measure", readBytes: readBytes(measured.flatMap(inputsOf)) }, combine];
}

/** True if the merge depends on its seed. */
export function drawsNumbers(tensors: readonly PlannedTensor[], methods: readonly AnyMethod[]): boolean {
  const random = new Set(methods.filter((method) => method.random === true).map(({ name }) => name));
  return tensors.some(({ action, method }) => action === "merge" && random.has(method));
}

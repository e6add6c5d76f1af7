import { isMergeError, problemOf } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { isLanguageHead, isTokenEmbedding, tensorKind } from "../tensor/names.ts";
import type { TensorKind } from "../tensor/names.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import { deepestStack, depthOf, stacksOf } from "../tensor/stacks.ts";
import { readAdapter } from "./adapter.ts";
import type { Adapter } from "./adapter.ts";
import { architecturesOf, configValue, statedTie } from "./config.ts";
import { locate } from "./locate.ts";
import type { OpenOptions } from "./locate.ts";
import { findModel } from "./open.ts";
import type { ModelHeaders, ModelReference } from "./types.ts";

export interface InspectedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly kind: TensorKind;
  readonly byteLength: number;
  /** Name of the weight file. */
  readonly file: string;
}

export interface DtypeCount {
  readonly dtype: Dtype;
  readonly tensorCount: number;
  readonly parameterCount: number;
  readonly byteLength: number;
}

export interface Tie {
  /** Whether the language head is the token embedding, by the config or else because only the embedding is stored. */
  readonly tied: boolean;
  /** What the config says. */
  readonly stated?: boolean;
  readonly embedding?: string;
  readonly head?: string;
}

/** All that can be told of a model without reading its weights, as plain JSON. */
export interface ModelInspection {
  readonly reference: string;
  readonly location: string;
  readonly architectures: readonly string[];
  readonly modelType?: string;
  readonly parameterCount: number;
  /** Of all tensors. */
  readonly byteLength: number;
  /** By bytes, the most first. */
  readonly dtypes: readonly DtypeCount[];
  /** Of the deepest stack. */
  readonly layerCount: number;
  readonly stacks: readonly { readonly prefix: string; readonly layerCount: number }[];
  readonly tie: Tie;
  /** Of a folder with an adapter, which is no model of its own. */
  readonly adapter?: Adapter;
  readonly metadata: Readonly<Record<string, string>>;
  readonly files: readonly {
    readonly name: string;
    readonly byteLength: number;
    readonly tensorCount: number;
    /** Where in a PyTorch checkpoint they stand, unless at its top. */
    readonly keyPath?: string;
  }[];
  readonly sideFiles: ModelHeaders["sideFiles"];
  /** In the order of files and offsets. */
  readonly tensors: readonly InspectedTensor[];
  /** All damage that was found; what the damaged files hold is missing above. */
  readonly problems: readonly Problem[];
}

/** Reads a model's headers, config and file list, damaged or not. Throws only if nothing is at that path. */
export async function inspectModel(
  path: string,
  options: OpenOptions = { searchFrom: ["."] },
): Promise<ModelInspection> {
  const problems: Problem[] = [];
  const reference = await referenceOf(path, options);
  const model = await findModel(reference, options, (error) => problems.push(problemOf(error)));
  const tensors = [...model.tensors.values()].map(
    ({ name, dtype, shape, byteLength, file }): InspectedTensor => {
      const kind = tensorKind(name, shape);
      return { name, dtype, shape, kind, byteLength, file: model.files[file]?.name ?? "" };
    },
  );
  const adapter = await readAdapter(model.location).catch((error: unknown) => {
    if (!isMergeError(error)) throw error;
    problems.push(problemOf(error));
    return undefined;
  });
  const dtypes = countDtypes(tensors);
  const stacks = stacksOf(model.tensors.keys());
  const deepest = deepestStack(stacks);
  const modelType = configValue(model.config, "model_type");
  return {
    reference: model.reference,
    location: model.location,
    architectures: architecturesOf(model.config),
    ...(typeof modelType === "string" ? { modelType } : {}),
    parameterCount: sum(dtypes.map(({ parameterCount }) => parameterCount)),
    byteLength: sum(dtypes.map(({ byteLength }) => byteLength)),
    dtypes,
    layerCount: deepest === undefined ? 0 : depthOf(deepest),
    stacks: [...stacks.values()].map((stack) => ({ prefix: stack.prefix, layerCount: depthOf(stack) })),
    tie: tieOf(model),
    ...(adapter === undefined ? {} : { adapter }),
    metadata: model.metadata,
    files: countFiles(model),
    sideFiles: model.sideFiles,
    tensors,
    problems: [...problems, ...(model.warnings ?? [])],
  };
}

/** A path as it is, since one may hold an @; else a model of the Hub and its revision. */
async function referenceOf(path: string, options: OpenOptions): Promise<ModelReference> {
  const [name = "", revision, ...rest] = path.split("@");
  const isPath = revision === undefined || rest.length > 0 || options.hub?.isName(name) !== true;
  return isPath || (await locate(path, options)) !== undefined ? { path } : { path: name, revision };
}

function countDtypes(tensors: readonly InspectedTensor[]): DtypeCount[] {
  const groups = new Map<Dtype, InspectedTensor[]>();
  for (const tensor of tensors) {
    const group = groups.get(tensor.dtype);
    if (group === undefined) groups.set(tensor.dtype, [tensor]);
    else group.push(tensor);
  }
  const counts = [...groups].map(([dtype, group]) => ({
    dtype,
    tensorCount: group.length,
    parameterCount: sum(group.map(({ shape }) => elementCount(shape))),
    byteLength: sum(group.map(({ byteLength }) => byteLength)),
  }));
  return counts.sort((a, b) => b.byteLength - a.byteLength);
}

function countFiles({ files, tensors }: ModelHeaders): ModelInspection["files"] {
  const counts = files.map(() => 0);
  for (const { file } of tensors.values()) counts[file] = (counts[file] ?? 0) + 1;
  return files.map(({ name, byteLength, keyPath }, at) => {
    const file = { name, byteLength, tensorCount: counts[at] ?? 0 };
    return keyPath === undefined ? file : { ...file, keyPath };
  });
}

/** Architectures with a language head, which may have no weights of its own. */
const HAS_LANGUAGE_HEAD = /CausalLM|LMHead|MaskedLM|ConditionalGeneration|PreTraining/;

function tieOf({ config, tensors }: ModelHeaders): Tie {
  const names = [...tensors.keys()];
  const embedding = names.find(isTokenEmbedding);
  const head = names.find(isLanguageHead);
  const stated = statedTie(config);
  const hasHead = head !== undefined || architecturesOf(config).some((name) => HAS_LANGUAGE_HEAD.test(name));
  return {
    tied: hasHead && embedding !== undefined && (stated ?? head === undefined),
    ...(stated === undefined ? {} : { stated }),
    ...(embedding === undefined ? {} : { embedding }),
    ...(head === undefined ? {} : { head }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

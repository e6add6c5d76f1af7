import { join } from "node:path";
import { SourceError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { hasTokenRows } from "../tensor/names.ts";
import { elementCount } from "../tensor/shape.ts";
import { refused, scaleOf } from "./adapter-config.ts";
import { ADAPTER_CONFIG } from "./open-adapter.ts";
import type { AdapterModule, AdapterWeights } from "./open-adapter.ts";
import { TOKENIZER_FILES } from "./tokenizer-names.ts";
import type { AdapterMatrix, LowRank, ModelHeaders, TensorHeader } from "./types.ts";

/** Bounds a row of the left matrix in a worker's scratch; adapters in use have ranks up to 256. */
const MAX_RANK = 4_096;

/** The headers of the model with the adapter in it: what is added tile by tile, and what takes a tensor's place. */
export function applyAdapter(model: ModelHeaders, adapter: AdapterWeights, reference: string): ModelHeaders {
  const file = model.files.length;
  const tensors = new Map(model.tensors);
  let vocabulary: VocabularyChange | undefined;
  // First: PEFT may save an embedding whole and a product to add to it.
  for (const [name, tensor] of adapter.replacements) {
    const target = find(tensors, name, adapter);
    const old = tensors.get(target);
    if (hasTokenRows(target)) vocabulary = { rows: rowsOf(adapter, tensor, old) ?? vocabulary?.rows };
    else if (old !== undefined && !sameShape(old.shape, tensor.shape))
      throw misfit(adapter, `${tensor.name} has the shape [${tensor.shape.join(", ")}]`, old);
    tensors.set(target, { ...tensor, name: target, file });
  }
  for (const module of adapter.modules) {
    const name = find(tensors, `${module.name}.weight`, adapter);
    const header = tensors.get(name);
    if (header !== undefined)
      tensors.set(name, { ...header, lowRank: lowRankOf(header, module, adapter, file) });
  }
  return {
    ...model,
    reference,
    files: [...model.files, adapter.file],
    tensors,
    ...sideOf(model, adapter, vocabulary),
  };
}

/** An adapter that brings rows of tokens of its own. */
interface VocabularyChange {
  /** If they are as many as the model has: undefined. */
  readonly rows: number | undefined;
}

/** With an embedding of its own, the adapter's tokenizer is the model's: the rows may be of tokens that were added. */
function sideOf(
  { sideFiles }: ModelHeaders,
  { originOf, location, file, tokenizer }: AdapterWeights,
  vocabulary: VocabularyChange | undefined,
): Partial<ModelHeaders> {
  const own = vocabulary === undefined ? [] : tokenizer;
  const adapter = originOf([file.name, ADAPTER_CONFIG, ...own.map(({ name }) => name)]);
  if (own.length === 0) return { adapter };
  const kept = sideFiles.filter(({ name }) => !TOKENIZER_FILES.includes(name));
  return {
    adapter: { ...adapter, ...(vocabulary?.rows !== undefined && { rows: vocabulary.rows }) },
    sideFiles: [...kept, ...own].sort((a, b) => (a.name < b.name ? -1 : 1)),
    contents: new Map(own.map(({ name }) => [name, { path: join(location, name) }])),
  };
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** A checkpoint may name the same tensors with or without the first component ("transformer."). */
function find(tensors: ReadonlyMap<string, TensorHeader>, name: string, { where }: AdapterWeights): string {
  if (tensors.has(name)) return name;
  const candidates = [...tensors.keys()].filter(
    (key) => key.endsWith(`.${name}`) || name.endsWith(`.${key}`),
  );
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) return only;
  const near = nearestName(name, [...tensors.keys()]);
  const hint = `${near === undefined ? "" : `The nearest name is ${near}. `}An adapter fits only the model that it was trained on.`;
  throw new SourceError("SOURCE_ADAPTER", `${where} changes ${name}, which the model does not have`, {
    where,
    hint,
  });
}

function lowRankOf(
  header: TensorHeader,
  module: AdapterModule,
  adapter: AdapterWeights,
  file: number,
): LowRank {
  const { where, config } = adapter;
  const { a, b, embedding, magnitude, name } = module;
  const rank = a.shape[0] ?? 0;
  const [rows = 0] = header.shape;
  const columns = rows === 0 ? 0 : elementCount(header.shape) / rows;
  const inside = rank === 0 ? 0 : elementCount(a.shape) / rank;
  const outside = b.shape[0] ?? 0;
  const transposed = embedding || config.transposed;
  const [expectedRows, expectedColumns] = transposed ? [inside, outside] : [outside, inside];
  if (rank < 1 || rank > MAX_RANK || elementCount(b.shape) !== outside * rank)
    throw misfit(
      adapter,
      `${name} has matrices of the shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`,
      header,
    );
  if (expectedRows !== rows || expectedColumns !== columns)
    throw misfit(adapter, `${name} is for a weight of ${expectedRows} x ${expectedColumns}`, header);
  if (header.dtype === "F64" || header.strides !== undefined || !isNarrow(header.dtype))
    throw refused(
      where,
      `changes ${header.name}, which is stored as ${header.strides ? "a view" : header.dtype}`,
    );
  if (config.dora && (transposed || magnitude === undefined || header.shape.length !== 2))
    throw refused(where, `uses DoRA for ${name}, which is no plain linear layer`);
  const matrix = (tensor: AdapterModule["a"], rowStride: number, columnStride: number): AdapterMatrix => {
    const { dtype, offset } = tensor;
    if (!isNarrow(dtype)) throw refused(where, `stores ${tensor.name} as ${dtype}`);
    return { file, dtype, offset, rowStride, columnStride };
  };
  // A is [rank, in], B is [out, rank]; of a transposed weight the rows are A's columns.
  return {
    rank,
    scale: scaleOf(config, name, rank),
    left: transposed ? matrix(a, 1, inside) : matrix(b, rank, 1),
    right: transposed ? matrix(b, 1, rank) : matrix(a, inside, 1),
    ...(config.dora && magnitude !== undefined ? { magnitude: matrix(magnitude, 1, 1) } : {}),
  };
}

function isNarrow(dtype: string): dtype is AdapterMatrix["dtype"] {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** The number of rows of an embedding or head that the adapter brings, if the model's own has another. */
function rowsOf(
  adapter: AdapterWeights,
  { name, shape }: Omit<TensorHeader, "file">,
  old: TensorHeader | undefined,
): number | undefined {
  const [rows = 0, ...rest] = shape;
  const [oldRows = rows, ...oldRest] = old?.shape ?? shape;
  if (old !== undefined && !sameShape(rest, oldRest))
    throw misfit(adapter, `${name} has the shape [${shape.join(", ")}]`, old);
  if (rows === oldRows) return undefined;
  const { where, tokenizer } = adapter;
  if (old === undefined || tokenizer.length > 0) return rows;
  const message =
    `${where}: ${name} has ${rows} rows, the model's ${old.name} has ${oldRows}: ` +
    "the adapter was trained with a vocabulary of another size, and there is no tokenizer beside it";
  const hint =
    "Save the tokenizer that it was trained with into its folder: tokenizer.save_pretrained(FOLDER).";
  throw new SourceError("SOURCE_ADAPTER", message, { where, hint });
}

function misfit({ where }: AdapterWeights, what: string, { name, shape }: TensorHeader): SourceError {
  const message = `${where}: ${what}; the model's ${name} is [${shape.join(", ")}]`;
  return new SourceError("SOURCE_ADAPTER", message, {
    where,
    hint: "An adapter fits only the model that it was trained on.",
  });
}

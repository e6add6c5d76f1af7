import { basename, join } from "node:path";
import { EvaluateError } from "../errors.ts";
import { readHeader, readRange } from "../sources/file.ts";
import { elementCount } from "../tensor/shape.ts";
import { decodeF32, decodeInt32 } from "./decode.ts";
import type { ReadFile } from "../sources/file.ts";
import type { Example, ModelInput, Split } from "./types.ts";

type Header = ReadFile["tensors"][number];

/** Examples read at a time: some megabytes of pictures. */
const READ_EXAMPLES = 256;

const HELD_OUT = /^(?:(?:imagenet[-_])?(?:mini)?val(?:idation)?|dev|held[-_]?out)$/;

/** What a split is for, by its name: "val" is for choosing, "shift-serif" a shift. */
export function roleOf(name: string): Split["role"] {
  if (HELD_OUT.test(name)) return "held-out";
  return /^shift(?:[-_]|$)/.test(name) ? "shift" : "in-distribution";
}

/**
 * A split in a safetensors file: `labels` [N], and `images` (U8, [N, height, width] or with 1 or 3 channels last),
 * `input_ids` [N, tokens] with `attention_mask` and `token_type_ids`, or `features` [N, numbers].
 */
export async function openTensorSplit(folder: string, file: string): Promise<Split> {
  const path = join(folder, file);
  const { tensors } = await readHeader(file, path);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const fault = (what: string) =>
    new EvaluateError("EVALUATE_DATA", `${path} ${what}`, {
      where: path,
      hint: "docs/evaluate.md says what a data file holds.",
    });
  const stored = byName.get("labels");
  if (stored === undefined) throw fault("has no labels");
  const labels = decodeInt32(stored.dtype, await readRange(path, stored.offset, stored.byteLength));
  if (labels === undefined || stored.shape.length !== 1)
    throw fault("has labels that are not a list of whole numbers");
  const reader = readerOf(byName, fault);
  for (const { name, shape } of reader.parts)
    if (shape[0] !== labels.length) throw fault(`has ${shape[0] ?? 0} ${name} for ${labels.length} labels`);
  const name = basename(file, ".safetensors");
  return {
    name,
    role: roleOf(name),
    examples: labels.length,
    read: () => examplesOf(path, reader, labels),
  };
}

interface Reader {
  /** Tensors that are read in step, their first axis the examples. */
  readonly parts: readonly Header[];
  /** One example from its piece of each part. */
  readonly input: (pieces: readonly Uint8Array[]) => ModelInput;
}

async function* examplesOf(
  path: string,
  { parts, input }: Reader,
  labels: Int32Array,
): AsyncGenerator<Example> {
  for (let first = 0; first < labels.length; first += READ_EXAMPLES) {
    const count = Math.min(READ_EXAMPLES, labels.length - first);
    const chunks = await Promise.all(
      parts.map(async ({ offset, byteLength }) => {
        const bytes = byteLength / labels.length;
        return { bytes, chunk: await readRange(path, offset + first * bytes, count * bytes) };
      }),
    );
    for (let i = 0; i < count; i++) {
      const pieces = chunks.map(({ bytes, chunk }) => chunk.slice(i * bytes, (i + 1) * bytes));
      yield { input: input(pieces), labels: [labels[first + i] ?? 0] };
    }
  }
}

function readerOf(byName: ReadonlyMap<string, Header>, fault: (what: string) => EvaluateError): Reader {
  const images = byName.get("images");
  if (images !== undefined) return pictureReader(images, fault);
  const ids = byName.get("input_ids");
  if (ids !== undefined) return tokenReader(ids, byName, fault);
  const features = byName.get("features");
  if (features !== undefined) return featureReader(features);
  throw fault("has neither images nor input_ids nor features");
}

function pictureReader(images: Header, fault: (what: string) => EvaluateError): Reader {
  const [, height = 0, width = 0, channels = 1] = images.shape;
  if (images.dtype !== "U8" || ![3, 4].includes(images.shape.length) || (channels !== 1 && channels !== 3))
    throw fault("has images that are not U8 of [N, height, width], or that and 1 or 3 channels");
  return {
    parts: [images],
    input: ([bytes = new Uint8Array()]) => ({ kind: "picture", height, width, channels, bytes }),
  };
}

function tokenReader(
  ids: Header,
  byName: ReadonlyMap<string, Header>,
  fault: (what: string) => EvaluateError,
): Reader {
  const mask = byName.get("attention_mask");
  const types = byName.get("token_type_ids");
  const parts = [ids, mask, types].filter((part) => part !== undefined);
  for (const { name, dtype, shape } of parts) {
    if (shape.length !== 2 || shape[1] !== ids.shape[1])
      throw fault(`has ${name} in another shape than [N, tokens]`);
    if (dtype !== "I32" && dtype !== "I64" && dtype !== "U8")
      throw fault(`has ${name} as ${dtype}, not whole numbers`);
  }
  const numbers = (part: Header | undefined, pieces: readonly Uint8Array[], otherwise: number) => {
    const piece = part === undefined ? undefined : pieces[parts.indexOf(part)];
    if (part === undefined || piece === undefined) return new Int32Array(ids.shape[1] ?? 0).fill(otherwise);
    const values = decodeInt32(part.dtype, piece);
    if (values === undefined) throw fault(`has a number in ${part.name} that is too large`);
    return values;
  };
  return {
    parts,
    input: (pieces) => ({
      kind: "tokens",
      ids: numbers(ids, pieces, 0),
      mask: numbers(mask, pieces, 1),
      types: numbers(types, pieces, 0),
    }),
  };
}

function featureReader(features: Header): Reader {
  const { name, dtype, shape } = features;
  const count = elementCount(shape.slice(1));
  return {
    parts: [features],
    input: ([bytes = new Uint8Array(count)]) => ({ kind: "features", values: decodeF32(dtype, bytes, name) }),
  };
}

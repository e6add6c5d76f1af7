import { EvaluateError } from "../errors.ts";
import { readHeader, readRange } from "../sources/file.ts";
import { decodeF32 } from "./decode.ts";
import type { TextEmbeddings } from "./network.ts";

/** Reads the one matrix of a safetensors file: text embeddings, one row a class. */
export async function readTextEmbeddings(path: string): Promise<TextEmbeddings> {
  const { tensors } = await readHeader(path, path);
  const matrices = tensors.filter(({ shape }) => shape.length === 2);
  const [matrix] = matrices;
  if (matrix === undefined || matrices.length > 1) {
    const message = `${path} holds ${matrices.length} matrices; a zero-shot head is one, with one row a class`;
    const hint = "Save it alone: save_file({'text_embeddings': embeddings}, path), shape [classes, width].";
    throw new EvaluateError("EVALUATE_HEAD", message, { where: path, hint });
  }
  const [classCount = 0, width = 0] = matrix.shape;
  const bytes = await readRange(path, matrix.offset, matrix.byteLength);
  return { file: path, classCount, width, values: decodeF32(matrix.dtype, bytes, matrix.name) };
}

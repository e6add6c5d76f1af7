import { EvaluateError } from "../errors.ts";
import { parseConfig, MAX_CONFIG_BYTES } from "../sources/config.ts";
import { readRange, readText, statPath } from "../sources/file.ts";
import { openModel } from "../sources/open.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { gatherRuns, strideExtent } from "../tensor/strides.ts";
import { join } from "node:path";
import { decodeF32 } from "./decode.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import type { EvaluableModel, TensorLookup } from "./types.ts";

/** A model that lies in a folder (or in one file); weights are read when they are asked for. */
export async function modelFromFolder(path: string, cwd = "."): Promise<EvaluableModel> {
  const headers = await openModel({ path }, { searchFrom: [cwd] });
  const preprocessor = await readPreprocessor(headers.location);
  return {
    name: path,
    config: headers.config ?? {},
    ...(preprocessor === undefined ? {} : { preprocessor }),
    tensors: lookupOf(headers),
  };
}

/** preprocessor_config.json, or the part of processor_config.json that newer versions of transformers write instead. */
async function readPreprocessor(folder: string): Promise<EvaluableModel["preprocessor"]> {
  const read = async (name: string) => {
    const path = join(folder, name);
    if ((await statPath(path)) === undefined) return undefined;
    return parseConfig(await readText(path, MAX_CONFIG_BYTES), path);
  };
  const own = await read("preprocessor_config.json");
  if (own !== undefined) return own;
  const part = (await read("processor_config.json"))?.["image_processor"];
  return typeof part === "object" && part !== null && !Array.isArray(part) ? part : undefined;
}

function lookupOf(model: ModelHeaders): TensorLookup {
  const headerOf = (name: string): TensorHeader => {
    const header = model.tensors.get(name);
    if (header !== undefined) return header;
    throw new EvaluateError("EVALUATE_MODEL", `${model.reference} lacks the tensor ${name}`, { where: name });
  };
  return {
    names: () => [...model.tensors.keys()],
    shape: (name) => headerOf(name).shape,
    read: async (name) => {
      const header = headerOf(name);
      const { path = "" } = model.files[header.file] ?? {};
      return decodeF32(header.dtype, await readElements(header, path), name);
    },
  };
}

/** The bytes of a tensor in row-major order. */
async function readElements(header: TensorHeader, path: string): Promise<Uint8Array> {
  const { shape, strides, offset, byteLength } = header;
  if (strides === undefined) return await readRange(path, offset, byteLength);
  const elementBytes = bytesPerElement(header.dtype);
  const stored = await readRange(path, offset, strideExtent(shape, strides) * elementBytes);
  const bytes = new Uint8Array(byteLength);
  for (const run of gatherRuns(shape, strides, 0, elementCount(shape))) {
    for (let k = 0; k < run.count; k++) {
      const from = (run.source + k * run.sourceStep) * elementBytes;
      const to = (run.target + k * run.targetStep) * elementBytes;
      for (let byte = 0; byte < elementBytes; byte++) bytes[to + byte] = stored[from + byte] ?? 0;
    }
  }
  return bytes;
}

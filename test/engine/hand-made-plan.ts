import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import type { MergePlan, PlannedInput, PlannedTensor } from "../../src/plan/types.ts";
import type { FixtureDtype } from "../fixtures/write-safetensors.ts";
import { encodeValues, FIXTURE_DTYPE_BYTES } from "../fixtures/write-safetensors.ts";

export interface HandMadeTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FixtureDtype;
  readonly method: string;
  readonly granularity?: PlannedTensor["granularity"];
  readonly group?: string;
  readonly layer?: number;
  readonly layerCount?: number;
  readonly action?: "merge" | "copy";
  readonly parameters?: PlannedTensor["parameters"];
  readonly base?: HandMadeInput;
  readonly inputs: readonly HandMadeInput[];
}

export interface HandMadeInput {
  readonly dtype: FixtureDtype;
  readonly values: ArrayLike<number> | Uint8Array;
  readonly parameters?: PlannedInput["parameters"];
  readonly strides?: PlannedInput["strides"];
}

/** A plan over raw files without headers, made by hand, so that the engine is tested without the stages before it. */
export async function handMadePlan(
  folder: (...parts: string[]) => string,
  tensors: readonly HandMadeTensor[],
): Promise<{ plan: MergePlan; out: string }> {
  const models = Math.max(...tensors.map((tensor) => tensor.inputs.length)) + 1;
  const bytes: Uint8Array[][] = Array.from({ length: models }, () => []);
  const sizes = new Array<number>(models).fill(0);
  const place = (model: number, input: HandMadeInput, name: string): PlannedInput => {
    const { dtype, values, parameters, strides } = input;
    // Bytes are taken as they are: encoding millions of values takes seconds.
    const encoded = values instanceof Uint8Array ? values : encodeValues(values, dtype);
    const offset = sizes[model] ?? 0;
    bytes[model]?.push(encoded);
    sizes[model] = offset + encoded.byteLength;
    return {
      model,
      tensor: name,
      dtype,
      file: 0,
      offset,
      byteLength: encoded.byteLength,
      parameters: parameters ?? {},
      ...(strides === undefined ? {} : { strides }),
    };
  };
  let outBytes = 0;
  const planned = tensors.map((tensor): PlannedTensor => {
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    const byteLength = count * FIXTURE_DTYPE_BYTES[tensor.dtype];
    const offset = outBytes;
    outBytes += byteLength;
    return {
      name: tensor.name,
      shape: tensor.shape,
      dtype: tensor.dtype,
      kind: "other",
      action: tensor.action ?? "merge",
      method: tensor.method,
      granularity: tensor.granularity ?? "tensor",
      ...(tensor.group === undefined ? {} : { group: tensor.group }),
      ...(tensor.layer === undefined ? {} : { layer: tensor.layer }),
      ...(tensor.layerCount === undefined ? {} : { layerCount: tensor.layerCount }),
      parameters: tensor.parameters ?? {},
      ...(tensor.base === undefined ? {} : { base: place(0, tensor.base, tensor.name) }),
      inputs: tensor.inputs.map((input, i) => place(i + 1, input, tensor.name)),
      shard: 0,
      offset,
      byteLength,
    };
  });
  const files = await Promise.all(
    bytes.map(async (parts, i) => {
      const path = folder(`model-${i}.raw`);
      await writeFile(path, Buffer.concat(parts));
      const { size, mtimeMs } = await stat(path);
      return { name: `model-${i}.raw`, path, byteLength: size, modifiedMs: mtimeMs };
    }),
  );
  const out = folder("out.raw");
  await writeFile(out, "");
  await truncate(out, outBytes);
  const readBytes = sizes.reduce((sum, size) => sum + size, 0);
  const plan: MergePlan = {
    version: 1,
    recipe: "by hand",
    mergeMethod: tensors[0]?.method ?? "",
    models: files.map((file, i) => ({
      reference: i === 0 ? "base" : `ft${i}`,
      location: file.path,
      role: i === 0 ? ("base" as const) : ("model" as const),
      files: [file],
      readBytes: file.byteLength,
    })),
    donor: 0,
    sideFiles: [],
    tensors: planned,
    layerCount: 0,
    seed: 0,
    configEdits: {},
    output: {
      shards: [{ name: "model.safetensors", byteLength: outBytes, headerByteLength: 0 }],
      byteLength: outBytes,
      parameterCount: 0,
      addedTensors: 0,
      missingTensors: 0,
      addedParameters: 0,
    },
    passes: [{ name: "combine", readBytes }],
    warnings: [],
  };
  return { plan, out };
}

/** The bytes of one tensor in the written file. */
export async function readResult(out: string, plan: MergePlan, name: string): Promise<Buffer> {
  const tensor = plan.tensors.find((candidate) => candidate.name === name);
  const { offset = 0, byteLength = 0 } = tensor ?? {};
  return (await readFile(out)).subarray(offset, offset + byteLength);
}

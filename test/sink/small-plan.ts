import { open, stat, writeFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MergePlan, PlannedTensor } from "../../src/plan/types.ts";
import type { ModelHeaders } from "../../src/sources/types.ts";
import { encodeHeader } from "../fixtures/write-safetensors.ts";

export interface SmallPlanOptions {
  readonly donor: string;
  /** One F32 tensor of two elements in each shard. */
  readonly shards?: number;
  readonly edits?: Pick<MergePlan, "configDtype" | "configEdits">;
  readonly overrides?: Readonly<Record<string, string>>;
}

const TENSOR_BYTES = 8;

const tensorName = (k: number) => `model.layers.${String(k)}.mlp.weight`;

/** The same for every shard, since all names (below 10) are of one length. */
const HEADER_BYTES = encodeHeader({
  __metadata__: { format: "pt" },
  [tensorName(0)]: { dtype: "F32", shape: [1, 2], data_offsets: [0, TENSOR_BYTES] },
}).length;

const number = (k: number) => String(k).padStart(5, "0");

function smallTensor(k: number, method: string): PlannedTensor {
  return {
    name: tensorName(k),
    shape: [1, 2],
    dtype: "F32",
    kind: "mlp",
    layer: k,
    action: "merge",
    method,
    granularity: "tensor",
    parameters: {},
    inputs: [],
    shard: k,
    offset: HEADER_BYTES,
    byteLength: TENSOR_BYTES,
  };
}

/** A plan of a base at `donor` and two fine-tunes that are nowhere, with just what a sink reads. */
export function smallPlan({ donor, shards = 1, edits, overrides = {} }: SmallPlanOptions): MergePlan {
  const numbers = Array.from({ length: shards }, (_, k) => k);
  const tensors = numbers.map((k) => smallTensor(k, overrides[String(k)] ?? "model_stock"));
  const models = [
    { reference: "org/base", location: donor, role: "base" },
    { reference: "org/ft-a@v2+org/lora", location: "/cache/a", role: "model" },
    { reference: "./ft-b", location: "/somewhere/ft-b", role: "model" },
  ] as const;
  return {
    version: 1,
    recipe: "recipe.yml",
    mergeMethod: "model_stock",
    models: models.map((model) => ({ ...model, files: [], readBytes: 0 })),
    donor: 0,
    sideFiles: [],
    seed: 0,
    tensors,
    layerCount: shards,
    configEdits: {},
    ...edits,
    output: {
      shards: numbers.map((k) => ({
        name: shards === 1 ? "model.safetensors" : `model-${number(k + 1)}-of-${number(shards)}.safetensors`,
        byteLength: HEADER_BYTES + TENSOR_BYTES,
        headerByteLength: HEADER_BYTES,
      })),
      byteLength: shards * (HEADER_BYTES + TENSOR_BYTES),
      parameterCount: shards * 2,
      addedTensors: 0,
      missingTensors: 0,
      addedParameters: 0,
    },
    passes: [],
    warnings: [],
  };
}

export const DONOR_FILES = {
  "config.json": '{ "dtype": "float32", "rope_theta": 10000.0, "num_hidden_layers": 3 }',
  "tokenizer.json": '{"version": "1.0"}',
  "chat_template.jinja": "{{ messages }}\n",
  "1_Pooling/config.json": '{"pooling_mode_mean_tokens": true}',
};

/** Writes a donor's small files and returns its headers; no weights, a sink reads none. */
export async function writeDonor(
  folder: string,
  files: Record<string, string> = DONOR_FILES,
): Promise<ModelHeaders> {
  await mkdir(folder, { recursive: true });
  const sideFiles = [];
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
    if (name !== "config.json") sideFiles.push({ name, byteLength: (await stat(join(folder, name))).size });
  }
  return {
    reference: "org/base",
    location: folder,
    files: [],
    tensors: new Map(),
    metadata: {},
    config: files["config.json"] === undefined ? undefined : JSON.parse(files["config.json"]),
    sideFiles: sideFiles.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Stands in for the engine: writes [k, k + 0.5] as the tensor of shard k, through a handle of its own. */
export async function writeTensors(plan: MergePlan, shardPaths: readonly string[]): Promise<void> {
  for (const tensor of plan.tensors) {
    const file = await open(shardPaths[tensor.shard] ?? "", "r+");
    try {
      const values = Float32Array.of(tensor.shard, tensor.shard + 0.5);
      await file.write(new Uint8Array(values.buffer), 0, tensor.byteLength, tensor.offset);
    } finally {
      await file.close();
    }
  }
}

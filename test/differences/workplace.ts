import assert from "node:assert/strict";
import { isMergeError, merge } from "../../src/index.ts";
import type { ErrorCode, MergeOptions, MergeReport } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { writeTinyModel } from "../fixtures/tiny-models.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";

export type Checks = Readonly<Record<string, () => Promise<void> | void>>;

export const floats = (values: readonly number[], shape = [values.length]): FixtureTensor => ({
  dtype: "F32",
  shape,
  values,
});
export const withCode = (code: ErrorCode) => (error: unknown) => isMergeError(error, code);

export const STOCK_AB = "base_model: base\nmodels: [{model: a}, {model: b}]\n";
export const LINEAR_AB =
  "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\n";

/** Makes models and merges them, each time in a folder of their own. */
export class Workplace {
  readonly #inFolder: (name: string) => string;
  #count = 0;

  constructor(inFolder: (name: string) => string) {
    this.#inFolder = inFolder;
  }

  async modelsIn(
    models: Readonly<Record<string, FixtureTensors>>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const folder = this.#inFolder(String(this.#count++));
    for (const [name, tensors] of Object.entries(models)) {
      await writeTinyModel(`${folder}/${name}`, {
        name,
        config: { architectures: ["Unheard"], ...more },
        tensors,
      });
    }
    return folder;
  }

  async run(
    folder: string,
    text: string,
    options: Partial<MergeOptions> = {},
  ): Promise<{ report: MergeReport; weights: ReturnType<typeof readWeights> }> {
    const report = await merge({ recipe: { text }, cwd: folder, out: "out", ...options });
    return { report, weights: readWeights(report.out) };
  }

  /** Merges models that each hold one tensor of the given values. */
  async mergeVectors(models: Readonly<Record<string, readonly number[]>>, text: string) {
    const entries = Object.entries(models).map(([name, values]) => [name, { w: floats(values) }] as const);
    const { report, weights } = await this.run(await this.modelsIn(Object.fromEntries(entries)), text);
    const [tensor] = report.run.tensors;
    assert.ok(tensor);
    return { values: [...(weights.get("w")?.values ?? [])], numbers: tensor.numbers };
  }
}

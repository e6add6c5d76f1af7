import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readWeights } from "../fixtures/read-safetensors.ts";
import type { EvaluableModel, TensorLookup } from "../../src/evaluate/types.ts";

const FOLDER = "demo/glyphs";
const FINE_TUNES = ["ft1", "ft2", "ft3", "ft4"];

type Vectors = readonly Float64Array[];
/** The merged tensor from the base's and those of the fine-tunes. */
type Rule = (base: Float64Array, models: Vectors) => Float64Array;

const combine =
  (baseFactor: number, factors: readonly number[]): Rule =>
  (base, models) =>
    base.map((value, i) =>
      factors.reduce((sum, factor, k) => sum + factor * (models[k]?.[i] ?? 0), baseFactor * value),
    );

/** The paper's formula with the mean of the cosines, for the first `count` fine-tunes. */
const modelStock =
  (count: number, clamp: boolean): Rule =>
  (base, all) => {
    const models = all.slice(0, count);
    const vectors = models.map((model) => model.map((value, i) => value - (base[i] ?? 0)));
    const dot = (a: Float64Array, b: Float64Array) =>
      a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    if (vectors.some((vector) => dot(vector, vector) === 0)) return base;
    const cosines = vectors.flatMap((a, i) =>
      vectors.slice(i + 1).map((b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))),
    );
    const cosine = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    const ratio = (count * cosine) / (1 + (count - 1) * cosine);
    const t = clamp ? Math.min(1, Math.max(0, ratio)) : ratio;
    return combine(1 - t, Array<number>(count).fill(t / count))(base, models);
  };

/** How each variant of the expected scores is made. */
export function ruleOf(name: string): Rule | undefined {
  const [, alpha] = /^wise-ft1-(.*)$/.exec(name) ?? [];
  if (alpha !== undefined) return combine(1 - Number(alpha), [Number(alpha)]);
  const [, share] = /^wise-uniform-soup-(.*)$/.exec(name) ?? [];
  if (share !== undefined) return combine(1 - Number(share), Array<number>(4).fill(Number(share) / 4));
  switch (name) {
    case "uniform-soup":
      return combine(0, [0.25, 0.25, 0.25, 0.25]);
    case "uniform-soup-ft1-ft2":
    case "greedy-soup":
      return combine(0, [0.5, 0.5]);
    case "task-arithmetic-0.3":
      return combine(1 - 1.2, [0.3, 0.3, 0.3, 0.3]);
    case "task-arithmetic-1/4":
      return combine(0, [0.25, 0.25, 0.25, 0.25]);
    case "model-stock":
      return modelStock(4, true);
    case "model-stock-unclamped":
      return modelStock(4, false);
    case "model-stock-ft1-ft2":
      return modelStock(2, true);
    default:
      return undefined;
  }
}

/** A merge computed in float64 by this very file and rounded once to F32, in memory. */
export function mergedModel(name: string, rule: Rule): EvaluableModel {
  const read = (folder: string) => readWeights(join(FOLDER, folder));
  const base = read("base");
  const models = FINE_TUNES.map(read);
  const json = (file: string) => JSON.parse(readFileSync(join(FOLDER, "base", file), "utf8")) as object;
  const tensors: TensorLookup = {
    names: () => [...base.keys()],
    shape: (tensor) => base.get(tensor)?.shape ?? [],
    read: (tensor) => {
      const own = models.map((model) => model.get(tensor)?.values ?? new Float64Array());
      return Promise.resolve(Float32Array.from(rule(base.get(tensor)?.values ?? new Float64Array(), own)));
    },
  };
  return {
    name,
    config: { ...json("config.json") },
    preprocessor: { ...json("preprocessor_config.json") },
    tensors,
  };
}

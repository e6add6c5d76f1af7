import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isMergeError, merge } from "../../src/index.ts";
import type { ErrorCode, MergeOptions } from "../../src/index.ts";
import { makeNormal } from "../fixtures/random.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureDtype } from "../fixtures/write-safetensors.ts";

export const SHAPES: Readonly<Record<string, readonly [readonly number[], FixtureDtype]>> = {
  "layers.0.flat": [[30_001], "F32"],
  "layers.0.rows": [[70, 301], "BF16"],
  "layers.1.long_rows": [[2, 9_001], "F16"],
  "layers.1.wide": [[5_000], "F64"],
};

/** Clips each task vector to a multiple of its own root mean square, which needs a statistic, and adds them up. */
export const CLIPPED = `
import { defineMethod, gram, number, perModel } from "stockpot/method";

export default defineMethod({
  name: "clipped_sum",
  title: "Clipped sum",
  summary: "Adds task vectors without their outliers.",
  formula: "out = base + sum w_i clip(d_i, limit rms(d_i))",
  base: "required",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Factor of this task vector.", default: 1 })),
    limit: number({ doc: "Largest magnitude, in root mean squares.", minimum: 0 }),
  },
  whenMissing: "base",
  symmetric: true,
  measure: () => ({ products: gram("taskVectors") }),
  combine({ base, inputs }, { n, parameters: { weight, limit } }, { products }) {
    const most = inputs.map((_, i) => limit * Math.sqrt(products.products[i * n + i] / products.elementCount));
    return base.map((b, k) =>
      inputs.reduce((sum, x, i) => sum + weight[i] * Math.max(-most[i], Math.min(most[i], x[k] - b)), b),
    );
  },
});
`;

/** Row by row: the mean of the models, moved towards the base by the cosine of the first two task vectors. */
const ROWS = `
export default [{
  name: "by_rows", title: "By rows", summary: "Weighs each row.", formula: "(1-t) x1 + t x2", base: "required",
  models: { min: 1 }, parameters: { by: { type: "choice", scope: "global", choices: ["row", "column"], doc: "Unit.", default: "row" } },
  whenMissing: "base", symmetric: true,
  granularity: ({ by }) => by,
  measure: () => ({ g: { kind: "gram", space: "taskVectors" } }),
  solve({ n }, { g: { products } }) {
    const t = products[0] / (products[0] + products[n + 1]);
    return { combination: { kind: "linear", anchor: "base", scale: 1, baseCoefficient: 0, coefficients: Float64Array.of(1 - t, t) }, report: { t } };
  },
}];
`;

/** A recipe that merges a and b over base by a method of the module. */
export const recipeText = (module: string, method: string, parameters = "{}") =>
  `methods: [${module}]\nmerge_method: ${method}\nbase_model: base\n` +
  `models: [{model: a}, {model: b}]\nparameters: ${parameters}\n`;

/** The text of a module with a method named mine: fields to add or replace, and what it does. */
export const methodText = (changes: string, body = "combine: ({ base }) => base") =>
  `export default { name: "mine", title: "Mine", summary: "S.", formula: "f", base: "required", models: { min: 1 },
    parameters: {}, whenMissing: "base", symmetric: true, ${body}, ${changes} };`;

/** For the tests of a suite: a folder with models and modules, and merges in it. */
export function useModules() {
  const inFolder = useTemporaryFolder();
  const models: Record<string, Record<string, Float64Array>> = {};
  let count = 0;

  before(async () => {
    for (const [m, model] of ["base", "a", "b"].entries()) {
      const tensors = Object.entries(SHAPES).map(([name, [shape, dtype]], place) => {
        const [base, own] = [makeNormal(place + 1), makeNormal(100 * m + place)];
        const length = shape.reduce((product, size) => product * size, 1);
        const values = Float64Array.from({ length }, () => base() + 0.1 * m * own());
        return [name, { dtype, shape, values }] as const;
      });
      await writeWeights(inFolder(model), Object.fromEntries(tensors));
      models[model] = Object.fromEntries(
        [...readWeights(inFolder(model))].map(([name, { values }]) => [name, values]),
      );
    }
    await mkdir(inFolder("node_modules"));
    await symlink(resolve("."), inFolder("node_modules", "stockpot"), "junction");
    await writeFile(inFolder("package.json"), '{ "type": "module" }');
    await writeFile(inFolder("clipped.js"), CLIPPED);
    await writeFile(inFolder("rows.mjs"), ROWS);
  });

  async function run(recipe: string, options: Partial<MergeOptions> = {}) {
    const out = `out-${count++}`;
    const report = await merge({
      recipe: { text: recipe },
      cwd: inFolder(),
      out,
      allowCode: true,
      ...options,
    });
    return {
      report,
      weights: readWeights(report.out),
      bytes: readFileSync(inFolder(out, "model.safetensors")),
    };
  }

  async function failure(recipe: string, code: ErrorCode, options: Partial<MergeOptions> = {}) {
    let found: unknown;
    await run(recipe, options).catch((error: unknown) => (found = error));
    assert.ok(isMergeError(found, code), String(found));
    return found;
  }

  /** What goes wrong with a module of the given text. */
  async function moduleFailure(source: string, code: ErrorCode, method = "mine", options = {}) {
    const name = `./module-${count++}.js`;
    await writeFile(inFolder(name), source);
    const error = await failure(recipeText(name, method), code, options);
    const messages =
      error.problems.length > 0 ? error.problems.map(({ message }) => message) : [error.message];
    return messages.map((message) => message.replaceAll(name, "FILE"));
  }

  return { inFolder, models, run, failure, moduleFailure };
}

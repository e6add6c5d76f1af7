import assert from "node:assert/strict";
import { InputReader, tableLookup } from "../../src/compare/lookup.ts";
import { solveTable } from "../../src/compare/table.ts";
import type { Measured } from "../../src/compare/table.ts";
import { modelFromFolder } from "../../src/evaluate/model.ts";
import { merge } from "../../src/index.ts";
import { prepare } from "../../src/merge/prepare.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { measureGlyphs } from "./glyphs.ts";

const NAMES = ["base", "ft1", "ft2", "ft3", "ft4"];
const MODELS =
  "base_model: demo/glyphs/base\nmodels:\n" +
  [1, 2, 3, 4].map((i) => `  - model: demo/glyphs/ft${i}\n`).join("");

/** Recipes whose merges are tables of coefficients. */
const LINEAR: Readonly<Record<string, string>> = {
  "uniform soup": `${MODELS}merge_method: uniform_soup`,
  "Model Stock": MODELS,
  "Model Stock by Gram matrix, over layers": `${MODELS}parameters: {theta: gram, granularity: layer}`,
  "Model Stock by angle, over the model": `${MODELS}parameters: {theta: angle, granularity: model}`,
  "task arithmetic in bfloat16": `${MODELS}merge_method: task_arithmetic\nparameters: {weight: 1, lambda: 0.3}\ndtype: bfloat16`,
  "a mean with the base in it": `${MODELS}merge_method: linear\nparameters: {weight: 1}`,
  "WiSE-FT":
    "base_model: demo/glyphs/base\nmodels: [{model: demo/glyphs/ft2}]\nmerge_method: wise_ft\nparameters: {alpha: 0.3}",
  "two models in another order":
    "base_model: demo/glyphs/base\nmodels: [{model: demo/glyphs/ft3}, {model: demo/glyphs/ft1}]",
  "an override": `${MODELS}overrides: [{tensors: "classifier.*", merge_method: passthrough, model: demo/glyphs/ft1}]`,
};

/** Recipes that need more than inner products of task vectors. */
const OTHERS: Readonly<Record<string, string>> = {
  ties: `${MODELS}merge_method: ties\nparameters: {weight: 1, density: 0.5}`,
  "rows solved apart": `${MODELS}parameters: {granularity: row}`,
  "other statistics": `${MODELS}merge_method: karcher`,
};

describe("A table of coefficients", () => {
  const inFolder = useTemporaryFolder();
  let measured: Measured;
  let reader: InputReader;

  before(async () => {
    const { step, measurement } = await measureGlyphs();
    measured = { plan: step.plan, measurement };
    const models = await Promise.all(
      NAMES.map(async (name) => {
        const path = `demo/glyphs/${name}`;
        return [path, (await modelFromFolder(path)).tensors] as const;
      }),
    );
    reader = new InputReader(new Map(models));
  });

  for (const [title, text] of Object.entries(LINEAR)) {
    it(`gives the bytes that the merge writes: ${title}`, async () => {
      const { plan } = (await prepare({ recipe: { text } })).output;
      const table = solveTable(plan, measured, []) ?? assert.fail("no table");
      const lookup = tableLookup(plan, table, reader);
      const out = inFolder(title.replaceAll(" ", "-"));
      await merge({ recipe: { text }, out });
      const written = readWeights(out);
      assert.deepEqual([...lookup.names()].sort(), [...written.keys()].sort());
      for (const [name, { values, shape }] of written) {
        assert.deepEqual(lookup.shape(name), shape);
        assert.deepEqual(Float64Array.from(await lookup.read(name)), values, name);
      }
    });
  }

  for (const [title, text] of Object.entries(OTHERS)) {
    it(`is not made of what needs more than inner products: ${title}`, async () => {
      const { plan } = (await prepare({ recipe: { text } })).output;
      assert.equal(solveTable(plan, measured, []), undefined);
    });
  }

  it("knows how far the variant is from base and uniform soup, as measured on the weights", async () => {
    const [base, ft2] = ["base", "ft2"].map((name) => readWeights(`demo/glyphs/${name}`));
    const soup = NAMES.slice(1).map((name) => readWeights(`demo/glyphs/${name}`));
    let [toBase, toSoup] = [0, 0];
    for (const [name, { values }] of base ?? []) {
      const tuned = ft2?.get(name)?.values ?? [];
      values.forEach((value, i) => {
        const variant = value + 0.3 * ((tuned[i] ?? NaN) - value);
        const mean = soup.reduce((sum, model) => sum + (model.get(name)?.values[i] ?? NaN) / 4, 0);
        toBase += (variant - value) ** 2;
        toSoup += (variant - mean) ** 2;
      });
    }
    const { plan } = (await prepare({ recipe: { text: LINEAR["WiSE-FT"] ?? "" } })).output;
    const { distances } = solveTable(plan, measured, []) ?? {};
    assert.ok(Math.abs((distances?.toBase ?? 0) - Math.sqrt(toBase)) < 1e-5);
    assert.ok(Math.abs((distances?.toSoup ?? 0) - Math.sqrt(toSoup)) < 1e-5);
  });
});

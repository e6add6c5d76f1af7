import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { isMergeError, parseRecipe, plan } from "../../src/index.ts";
import { floats, LINEAR_AB, STOCK_AB, withCode } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

const problemCodes = (text: string, lenient = false) => {
  try {
    return parseRecipe(text, { file: "r.yml", lenient }).warnings;
  } catch (error) {
    assert.ok(isMergeError(error));
    return error.problems;
  }
};

export const recipesChecks = (at: Workplace): Checks => ({
  "`merge_method`": () => {
    assert.equal(parseRecipe(STOCK_AB, { file: "r.yml" }).recipe.mergeMethod, "model_stock");
  },
  "unknown keys and parameters": () => {
    const text = `${STOCK_AB}dtyp: float32\nparameters: {filter_wize: true}\n`;
    for (const lenient of [false, true]) {
      const found = problemCodes(text, lenient).map(({ code, severity }) => [code, severity]);
      const severity = lenient ? "warning" : "error";
      assert.deepEqual(found, [
        ["RECIPE_UNKNOWN_KEY", severity],
        ["RECIPE_UNKNOWN_PARAMETER", severity],
      ]);
    }
    assert.match(problemCodes(text)[0]?.message ?? "", /Did you mean "dtype"\?/);
  },
  "duplicate keys": () => {
    const text = `${STOCK_AB}dtype: float32\ndtype: float16\n`;
    assert.deepEqual(
      problemCodes(text).map(({ code }) => code),
      ["RECIPE_DUPLICATE_KEY"],
    );
  },
  "parameters without effect": () => {
    const text = STOCK_AB.replace("{model: a}", "{model: a, parameters: {filter_wise: true}}");
    assert.deepEqual(
      problemCodes(text).map(({ code }) => code),
      ["RECIPE_MISPLACED_PARAMETER"],
    );
  },
  "several problems": () => {
    const found = problemCodes("merge_method: linear\nmodels: [{model: a, weight: 1}]\ndtyp: x\n");
    assert.ok(found.length >= 2);
    for (const { position, hint } of found) assert.ok(position !== undefined && hint !== undefined);
  },
  "relative paths": async () => {
    const folder = await at.modelsIn({
      base: { w: floats([1]) },
      a: { w: floats([2]) },
      b: { w: floats([3]) },
    });
    await writeFile(`${folder}/recipe.yml`, STOCK_AB);
    const planned = await plan({ recipe: `${folder}/recipe.yml` });
    assert.equal(planned.models[0]?.location, `${folder}/base`);
  },
  "`overrides`": async () => {
    const model = (value: number) => ({ "x.w": floats([value]), "y.w": floats([value]) });
    const folder = await at.modelsIn({ base: model(0), a: model(2), b: model(4) });
    const overrides = 'overrides: [{tensors: "x.*", merge_method: passthrough, model: b}]\n';
    const { weights } = await at.run(folder, LINEAR_AB + overrides);
    assert.deepEqual(
      ["x.w", "y.w"].map((name) => weights.get(name)?.values[0]),
      [4, 3],
    );
  },
  "`modules`": async () => {
    const model = (value: number) => ({
      "x.w": floats([value]),
      "y.w": floats([value]),
      "z.w": floats([value]),
    });
    const folder = await at.modelsIn({ a: model(2), b: model(4) });
    const modules = (...names: string[]) =>
      `merge_method: passthrough\nmodules: {x: {models: [{model: a}]}, ${names.map((name) => `${name}: {models: [{model: b}]}`).join(", ")}}\n`;
    const recipe = { text: modules("y") };
    await assert.rejects(plan({ recipe, cwd: folder }), withCode("PLAN_MODULE"));
    const { weights } = await at.run(folder, modules("default"));
    assert.deepEqual(
      ["x.w", "y.w", "z.w"].map((name) => weights.get(name)?.values[0]),
      [2, 4, 4],
    );
  },
  "a file of several recipes": async () => {
    const folder = await at.modelsIn({ a: { w: floats([1 / 3]) }, b: { w: floats([1]) } });
    const text = `name: linear\n${LINEAR_AB}---\nmerge_method: linear\nmodels: [{model: linear, parameters: {weight: 1}}]\n`;
    const { weights, report } = await at.run(folder, text);
    assert.ok(Math.abs((weights.get("w")?.values[0] ?? 0) - 2 / 3) < 1e-7);
    assert.equal(report.intermediates?.[0]?.out, undefined);
    const kept = await at.run(folder, text, { keepIntermediate: "parts", force: true });
    assert.equal(kept.report.intermediates?.[0]?.out, `${folder}/parts/linear`);
    const again = at.run(folder, text, { keepIntermediate: "parts", out: "out2" });
    await assert.rejects(again, withCode("SINK_EXISTS"));
  },
  "filters in `overrides`": async () => {
    const model = (value: number) => ({ "x.w": floats([value]), "x.w.y": floats([value]) });
    const folder = await at.modelsIn({ a: model(2), b: model(4) });
    const weight = (filter: string) => `weight: [{filter: "${filter}", value: 0}, {filter: ".w", value: 1}]`;
    const text = `${LINEAR_AB}overrides: [{tensors: "*", model: b, parameters: {${weight("?.w")}, normalize: false}}]\n`;
    const { weights } = await at.run(folder, text);
    assert.deepEqual(
      ["x.w", "x.w.y"].map((name) => weights.get(name)?.values[0]),
      [0, 4],
    );
  },
  "mismatches between models": async () => {
    const folder = await at.modelsIn({ a: { w: floats([1, 2]) }, b: { w: floats([1, 2, 3]) } });
    await assert.rejects(plan({ recipe: { text: LINEAR_AB }, cwd: folder }), withCode("PLAN_SHAPE"));
  },
});

import assert from "node:assert/strict";
import { parseComparison } from "../../src/recipe/comparison.ts";
import type { VariantSetting } from "../../src/recipe/variants.ts";
import { isMergeError } from "../../src/errors.ts";

const MODELS =
  "base_model: org/base\nmodels:\n  - model: org/ft-a\n  - model: org/ft-b\n  - model: org/ft-c\n";
const parse = (more: string) => parseComparison(MODELS + more, { file: "r.yml" });
const nameOf = (variant: VariantSetting) => ("name" in variant ? variant.name : variant.kind);

/** The problems of a text that cannot be parsed, each as "line:column code". */
function problemsOf(more: string): string[] {
  try {
    parse(more);
  } catch (error) {
    if (!isMergeError(error)) throw error;
    return error.problems.map(({ position, code }) => `${position?.line}:${position?.column} ${code}`);
  }
  return assert.fail("nothing is wrong");
}

describe("A recipe read for comparison", () => {
  it("compares the usual variants if it does not say which", () => {
    assert.deepEqual(parse("").variants.map(nameOf), [
      "base",
      "models",
      "uniform_soup",
      "model_stock",
      "task_arithmetic",
      "wise_ft",
      "greedy_soup",
      "ensemble",
    ]);
  });

  it("adds its own merge where that is none of the usual ones", () => {
    const names = parse("merge_method: ties\nparameters: {weight: 1, density: 0.5}\n").variants.map(nameOf);
    assert.ok(names.includes("recipe"));
  });

  it("makes each variant a recipe of the same models, with the parameters of its own method only", () => {
    const own =
      "merge_method: model_stock\nparameters: {theta: angle}\noverrides: [{tensors: x, merge_method: passthrough, model: org/ft-a}]\n";
    const variants = [
      "uniform_soup",
      "{name: gram, parameters: {theta: gram}}",
      "{name: two, merge_method: linear, models: [ft-a, org/ft-c], parameters: {weight: 1}}",
    ];
    const [soup, gram, two] = parse(`${own}compare:\n  variants: [${variants.join(", ")}]\n`).variants;
    assert.ok(soup?.kind === "merge" && gram?.kind === "merge" && two?.kind === "merge");
    assert.deepEqual([soup.recipe.parameters.size, soup.recipe.overrides.length], [0, 0]);
    assert.equal(gram.recipe.parameters.get("theta")?.value, "gram");
    assert.equal(gram.recipe.overrides.length, 1);
    const sources = two.recipe.modules[0]?.slices[0]?.sources ?? [];
    assert.deepEqual(
      sources.map(({ model }) => model.path),
      ["org/ft-a", "org/ft-c", "org/base"],
    );
  });

  it("reads curves, files, and what is kept and added", () => {
    const { variants, keep, results, heldOut, baseline } = parse(`compare:
  variants:
    - {merge_method: wise_ft, models: [ft-b], step: 0.25}
    - {merge_method: wise_ft, parameters: {alpha: 0.5}, models: [ft-b], name: half}
    - {recipe: folder/other.yml}
  keep: [half]
  results: [published.jsonl]
  held_out: val
  baseline: half
`);
    const [curve, half, file] = variants;
    assert.ok(curve?.kind === "curve" && curve.step === 0.25 && curve.model?.path === "org/ft-b");
    assert.ok(half?.kind === "merge" && half.recipe.mergeMethod === "wise_ft");
    assert.ok(file?.kind === "file" && file.name === "other" && file.path === "folder/other.yml");
    assert.deepEqual(
      [keep[0]?.name, results[0]?.name, heldOut?.name, baseline?.name],
      ["half", "published.jsonl", "val", "half"],
    );
    assert.equal(keep[0]?.position.line, 11);
  });

  it("derives recipes of some of the models later on", () => {
    const { derive, models } = parse("");
    const recipe = derive({ method: "wise_ft", parameters: { alpha: 0.3 }, models: models.slice(1, 2) });
    assert.equal(recipe.mergeMethod, "wise_ft");
    assert.equal(recipe.parameters.get("alpha")?.value, 0.3);
  });

  it("says where a variant is wrong, all at once", () => {
    const found = problemsOf(`compare:
  variants:
    - unifrom_soup
    - {merge_method: ties}
    - {merge_method: model_stock, parameters: {thetta: gram}}
    - {merge_method: uniform_soup, models: [ft-d]}
    - {recipe: a.yml, step: 0.5}
    - {recipe: b/a.yml}
    - {merge_method: wise_ft, models: [ft-a, ft-b]}
`);
    assert.deepEqual(found, [
      "8:7 RECIPE_UNKNOWN_METHOD",
      "9:22 RECIPE_MISSING_PARAMETER",
      "10:48 RECIPE_UNKNOWN_PARAMETER",
      "11:45 RECIPE_MODEL_REFERENCE",
      "12:23 RECIPE_MISPLACED_PARAMETER",
      "13:7 RECIPE_CONFLICT",
      "14:39 RECIPE_MODEL_COUNT",
    ]);
  });

  it("refuses unknown keys and wrong types like the rest of a recipe", () => {
    assert.deepEqual(problemsOf("compare: {varaints: [base]}\n"), ["6:11 RECIPE_UNKNOWN_KEY"]);
    assert.deepEqual(problemsOf("compare: {keep: model_stock}\n"), ["6:17 RECIPE_WRONG_TYPE"]);
    assert.deepEqual(problemsOf("compare: {variants: [{merge_method: tees}]}\n"), [
      "6:37 RECIPE_UNKNOWN_METHOD",
    ]);
  });

  it("needs a base model, and one recipe", () => {
    const withoutBase = "merge_method: uniform_soup\nmodels: [{model: a}, {model: b}]\n";
    assert.throws(() => parseComparison(withoutBase, { file: "r.yml" }), /needs a base model/);
    assert.throws(() => parse(`name: x\n---\n${MODELS}`), /a file of one recipe/);
  });
});

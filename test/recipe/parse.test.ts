import assert from "node:assert/strict";
import { slicesOf } from "../../src/recipe/references.ts";
import { isMergeError } from "../../src/errors.ts";
import { METHODS } from "../../src/methods/index.ts";
import { dedent, parse, problemsOf } from "./faults.ts";
import { MORE_METHODS } from "./more-methods.ts";
import type { Recipe, Settings } from "../../src/recipe/types.ts";

const values = (settings: Settings | undefined) =>
  Object.fromEntries([...(settings ?? [])].map(([name, { value }]) => [name, value]));

const sourcesOf = (recipe: Recipe) =>
  slicesOf(recipe).map(({ sources }) => sources.map(({ model }) => model.path));

/** Settings of the first model of a linear recipe. */
function weightOf(written: string): unknown {
  const text = `merge_method: linear\nmodels: [{model: a, parameters: {weight: ${written}}}]\nparameters: {weight: 1}\n`;
  return slicesOf(parse(text))[0]?.sources[0]?.parameters.get("weight")?.value;
}

describe("A parsed recipe", () => {
  it("is Model Stock without a method, with the base appended as the last source", () => {
    const recipe = parse(`
      base_model: org/base
      models:
        - model: org/a
        - model: org/b@main
    `);
    assert.equal(recipe.mergeMethod, "model_stock");
    assert.deepEqual(recipe.baseModel, { path: "org/base" });
    assert.equal(recipe.modules[0]?.sliced, false);
    assert.equal(slicesOf(recipe).length, 1);
    assert.deepEqual(slicesOf(recipe)[0]?.sources, [
      {
        model: { path: "org/a" },
        parameters: new Map(),
        position: { file: "recipe.yml", line: 3, column: 12 },
      },
      {
        model: { path: "org/b", revision: "main" },
        parameters: new Map(),
        position: { file: "recipe.yml", line: 4, column: 12 },
      },
      {
        model: { path: "org/base" },
        parameters: new Map(),
        position: { file: "recipe.yml", line: 1, column: 13 },
      },
    ]);
  });

  it("keeps the text, and a base where it is listed", () => {
    const text =
      "merge_method: ties\nbase_model: b\nmodels: [{model: b}, {model: a}]\nparameters: {weight: 1}\n";
    const recipe = parse(text, { methods: MORE_METHODS });
    assert.equal(recipe.text, text);
    assert.deepEqual(sourcesOf(recipe), [["b", "a"]]);
  });

  it("appends no base to slices, and keeps their bases, ranges and parameters", () => {
    const recipe = parse(`
      merge_method: slerp
      base_model: a
      slices:
        - sources:
            - {model: a, layer_range: ["0", 2.0]}
            - {model: b, layer_range: [1, 3]}
          parameters: {t: 0.1}
        - base_model: b
          sources:
            - {model: a, layer_range: [2, 4]}
            - {model: b, layer_range: [2, 4]}
      parameters: {t: 0.5}
    `);
    assert.equal(recipe.modules[0]?.sliced, true);
    assert.deepEqual(sourcesOf(recipe), [
      ["a", "b"],
      ["a", "b"],
    ]);
    assert.deepEqual(
      slicesOf(recipe).map(({ sources }) => sources.map(({ layerRange }) => layerRange)),
      [
        [
          [0, 2],
          [1, 3],
        ],
        [
          [2, 4],
          [2, 4],
        ],
      ],
    );
    assert.deepEqual(
      slicesOf(recipe).map(({ baseModel }) => baseModel?.path),
      [undefined, "b"],
    );
    assert.deepEqual(
      slicesOf(recipe).map(({ parameters }) => values(parameters)),
      [{ t: 0.1 }, {}],
    );
    assert.deepEqual(
      slicesOf(recipe).map(({ position }) => [position.line, position.column]),
      [
        [4, 5],
        [8, 5],
      ],
    );
    assert.deepEqual(values(recipe.parameters), { t: 0.5 });
  });

  it("has dtypes with and without torch's prefix, and treats empty keys as absent", () => {
    const recipe = parse(`
      merge_method: passthrough
      models: [{model: a, parameters: }]
      dtype: torch.bfloat16
      out_dtype: float64
      base_model:
      parameters: ~
    `);
    assert.deepEqual([recipe.dtype, recipe.outDtype, recipe.baseModel], ["BF16", "F64", undefined]);
    assert.ok(!("dtype" in parse("merge_method: passthrough\nmodels: [{model: a}]\ndtype:\n")));
  });

  it("has overrides in order, with patterns as a list", () => {
    const recipe = parse(`
      base_model: base
      models: [{model: a}, {model: b}]
      overrides:
        - tensors: "lm_head.*"
          merge_method: linear
          parameters: {weight: 0.5}
        - tensors: [x, "y?"]
          layers: [0, 4]
          merge_method: passthrough
          model: {model: {path: base}}
        - layers: [4, 8]
          parameters: {granularity: row}
    `);
    const [first, second, third] = recipe.overrides;
    assert.deepEqual(
      [first?.tensors, first?.layers, first?.mergeMethod],
      [["lm_head.*"], undefined, "linear"],
    );
    assert.deepEqual(values(first?.parameters), { weight: 0.5 });
    assert.deepEqual(
      [second?.tensors, second?.layers, second?.model],
      [["x", "y?"], [0, 4], { path: "base" }],
    );
    assert.deepEqual([third?.mergeMethod, values(third?.parameters)], [undefined, { granularity: "row" }]);
    assert.deepEqual(third?.position, { file: "recipe.yml", line: 11, column: 5 });
  });

  it("leaves the base out of an override's inputs where the recipe's method keeps it apart", () => {
    const recipe = parse(`
      merge_method: task_arithmetic
      base_model: base
      models:
        - {model: a, parameters: {weight: 1}}
      overrides:
        - {tensors: x, merge_method: linear}
        - {tensors: y, merge_method: passthrough}
        - {tensors: z, merge_method: passthrough, model: not/listed}
    `);
    assert.equal(recipe.overrides.length, 3);
  });

  it("reads model references as text and as mappings", () => {
    const models = [
      ["./dir/model", { path: "./dir/model" }],
      ["org/m@v1.0", { path: "org/m", revision: "v1.0" }],
      ["org/m@v1+org/lora@r", { path: "org/m", revision: "v1", lora: { path: "org/lora", revision: "r" } }],
      ["{model: org/m@v1}", { path: "org/m", revision: "v1" }],
      ["{model: {path: a+b@c, revision: r}}", { path: "a+b@c", revision: "r" }],
      [
        "{model: m, lora: {path: l}, override_architecture: LlamaForCausalLM}",
        { path: "m", lora: { path: "l" }, overrideArchitecture: "LlamaForCausalLM" },
      ],
    ] as const;
    for (const [written, reference] of models) {
      const recipe = parse(
        `merge_method: passthrough\nmodels: [{model: ${written.startsWith("{") ? written : `"${written}"`}}]\n`,
      );
      assert.deepEqual(slicesOf(recipe)[0]?.sources[0]?.model, reference);
    }
  });
});

describe("A setting", () => {
  it("is a number, whatever mergekit converts to one", () => {
    const numbers = {
      "1e-5": 1e-5,
      '"0.5"': 0.5,
      "-.5": -0.5,
      yes: 1,
      off: 0,
      "010": 8,
      "1_0.5": 10.5,
      "' 2 '": 2,
    };
    for (const [written, value] of Object.entries(numbers)) assert.equal(weightOf(written), value, written);
    assert.deepEqual(weightOf("[0, true, '0.25', 1e0]"), [0, 1, 0.25, 1]);
  });

  it("is a list of conditions, one condition, or nothing", () => {
    assert.deepEqual(weightOf("[{filter: mlp, value: 1e-1}, {value: [0, 1]}, {filter: , value: 3}]"), {
      conditions: [{ filter: "mlp", value: 0.1 }, { value: [0, 1] }, { value: 3 }],
    });
    assert.deepEqual(weightOf('{filter: "*", value: "2"}'), { conditions: [{ filter: "*", value: 2 }] });
    assert.deepEqual(weightOf("[]"), []);
  });

  it("has the position of its name", () => {
    const recipe = parse(`
      merge_method: linear
      models:
        - model: a
          parameters: {weight: 1}
      parameters:
        normalize: n
    `);
    assert.deepEqual(recipe.parameters.get("normalize"), {
      value: false,
      position: { file: "recipe.yml", line: 6, column: 3 },
    });
    assert.equal(slicesOf(recipe)[0]?.sources[0]?.parameters.get("weight")?.position.column, 18);
  });

  it("of a boolean takes 0, 1 and the usual words in any case, and no other number", () => {
    const flagOf = (written: string) =>
      parse(
        `merge_method: linear\nmodels: [{model: a}]\nparameters: {weight: 1, normalize: ${written}}\n`,
      ).parameters.get("normalize")?.value;
    for (const written of ["1", "1.0", "yes", "TRUE", "'t'", "'on'", "y", "'Yes'", "'1'"])
      assert.equal(flagOf(written), true);
    for (const written of ["0", "0.0", "No", "off", "'F'", "n", "'FALSE'"])
      assert.equal(flagOf(written), false);
    for (const written of ["2", "0.5", "maybe", "''"]) assert.throws(() => flagOf(written), written);
  });

  it("of a whole number takes 2.0 and not 2.5", () => {
    const read = (written: string) =>
      parse(`merge_method: own\nmodels: [{model: a}]\nparameters: {steps: ${written}}\n`, {
        methods: MORE_METHODS,
      }).parameters.get("steps")?.value;
    assert.equal(read("2.0"), 2);
    assert.equal(read('"3"'), 3);
    assert.throws(() => read("2.5"));
    assert.throws(() => read("0"));
  });
});

describe("Merge keys and aliases", () => {
  it("give way to a mapping's own keys, and earlier mappings of a list come first", () => {
    const recipe = parse(
      `
      merge_method: ties
      base_model: base
      parameters: &top {weight: 0.1, density: 0.2}
      models:
        - model: a
          parameters: &a {density: 0.3}
        - model: b
          parameters: {density: 0.4, <<: *top}
        - model: c
          parameters: {<<: [*a, *top]}
    `,
      { methods: MORE_METHODS },
    );
    const [, b, c] = slicesOf(recipe)[0]?.sources ?? [];
    assert.deepEqual(values(b?.parameters), { weight: 0.1, density: 0.4 });
    assert.deepEqual(values(c?.parameters), { weight: 0.1, density: 0.3 });
  });

  it("refer to the latest anchor of a name", () => {
    const recipe = parse(`
      merge_method: linear
      models:
        - {model: a, parameters: {weight: &w 1}}
        - {model: b, parameters: {weight: *w}}
        - {model: c, parameters: {weight: &w 2}}
        - {model: d, parameters: {weight: *w}}
    `);
    const weights = slicesOf(recipe)[0]?.sources.map(({ parameters }) => parameters.get("weight")?.value);
    assert.deepEqual(weights, [1, 1, 2, 2]);
  });

  it("may be shared by methods that read a value differently", () => {
    const recipe = parse(
      `
      merge_method: linear
      models: [{model: a}]
      parameters: {weight: &one 1, normalize: *one}
    `,
    );
    assert.deepEqual(values(recipe.parameters), { weight: 1, normalize: true });
  });
});

describe("Methods of one's own", () => {
  it("are read beside the built-in ones, whose names they cannot take", () => {
    assert.equal(
      parse("merge_method: own\nmodels: [{model: a}]\n", { methods: MORE_METHODS }).mergeMethod,
      "own",
    );
    const [problem] = problemsOf("merge_method: own\nmodels: [{model: a}]\n");
    assert.equal(problem?.code, "RECIPE_UNKNOWN_METHOD");
    const twice = () => parse("models: [{model: a}]\n", { methods: METHODS });
    assert.throws(twice, (error) => isMergeError(error, "USAGE"));
  });

  it("do not change what the test's own indentation means", () => {
    assert.equal(dedent("\n    a:\n      - b\n  "), "a:\n  - b\n");
  });
});

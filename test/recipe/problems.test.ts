import assert from "node:assert/strict";
import { CODES, RecipeError } from "../../src/errors.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { problemsOf, summary, warningsOf } from "./faults.ts";
import { MORE_METHODS } from "./more-methods.ts";
import type { ErrorCode } from "../../src/errors.ts";

interface Case {
  readonly title: string;
  readonly text: string;
  /** `line:column CODE message` of every problem, in order. */
  readonly problems: readonly string[];
}

const CASES: readonly Case[] = [
  {
    title: "a misspelt parameter",
    text: `
      merge_method: ties
      base_model: base
      models:
        - model: a
          parameters:
            weight: 1
            densty: 0.5
    `,
    problems: ['7:7 RECIPE_UNKNOWN_PARAMETER "densty" is not a parameter of ties. Did you mean "density"?'],
  },
  {
    title: "misspelt keys, once each",
    text: `
      merge_method: linear
      base_modle: base
      models:
        - modle: a
          paramters: {weight: 1}
      parameters: {weight: [{fitler: x, value: 1}, {value: 2}]}
    `,
    problems: [
      '2:1 RECIPE_UNKNOWN_KEY "base_modle" is not a key of the recipe. Did you mean "base_model"?',
      '4:5 RECIPE_UNKNOWN_KEY "modle" is not a key of models[0]. Did you mean "model"?',
      '5:5 RECIPE_UNKNOWN_KEY "paramters" is not a key of models[0]. Did you mean "parameters"?',
      '6:24 RECIPE_UNKNOWN_KEY "fitler" is not a key of parameters.weight[0]. Did you mean "filter"?',
    ],
  },
  {
    title: "a parameter beside `parameters`",
    text: `
      merge_method: linear
      models:
        - model: a
          weight: 1
    `,
    problems: ['4:5 RECIPE_UNKNOWN_KEY "weight" is a parameter and has no effect here.'],
  },
  {
    title: "keys that only an object's prototype has",
    text: `
      __proto__: {models: [{model: x}]}
      constructor: 1
      models:
        - model: a
          toString: 1
          parameters: {__proto__: {weight: 1}, hasOwnProperty: 1}
      merge_method: linear
      parameters: {weight: 1}
    `,
    problems: [
      '1:1 RECIPE_UNKNOWN_KEY "__proto__" is not a key of the recipe.',
      '2:1 RECIPE_UNKNOWN_KEY "constructor" is not a key of the recipe.',
      '5:5 RECIPE_UNKNOWN_KEY "toString" is not a key of models[0].',
      '6:18 RECIPE_UNKNOWN_PARAMETER "__proto__" is not a parameter of linear.',
      '6:42 RECIPE_UNKNOWN_PARAMETER "hasOwnProperty" is not a parameter of linear.',
    ],
  },
  {
    title: "methods that do not exist",
    text: `
      merge_method: tie
      base_model: base
      models: [{model: a, parameters: {weight: 1}}]
      overrides:
        - layers: [0, 1]
          merge_method: constructor
    `,
    problems: [
      '1:15 RECIPE_UNKNOWN_METHOD "tie" is not a merge method. Did you mean "ties"?',
      '6:19 RECIPE_UNKNOWN_METHOD "constructor" is not a merge method.',
    ],
  },
  {
    title: "neither models nor slices",
    text: "merge_method: linear\n",
    problems: ['1:1 RECIPE_MISSING_KEY The recipe lacks "models" or "slices" or "modules".'],
  },
  {
    title: "an empty recipe",
    text: "# nothing\n",
    problems: ["1:1 RECIPE_MISSING_KEY The recipe is empty."],
  },
  {
    title: "keys that must be there",
    text: `
      merge_method: passthrough
      slices:
        - parameters: {}
        - sources:
            - layer_range: [0, 1]
            - model: a
      overrides:
        - merge_method: linear
    `,
    problems: [
      '3:5 RECIPE_MISSING_KEY slices[0] lacks "sources".',
      '5:9 RECIPE_MISSING_KEY slices[1].sources[0] lacks "model".',
      '6:9 RECIPE_MISSING_KEY slices[1].sources[1] lacks "layer_range".',
      '8:5 RECIPE_MISSING_KEY overrides[0] lacks "tensors" or "layers".',
    ],
  },
  {
    title: "required parameters that nothing gives",
    text: `
      merge_method: linear
      models:
        - model: a
          parameters: {weight: 1}
        - model: b
        - model: c
      overrides:
        - tensors: x
          merge_method: slerp
    `,
    problems: [
      '5:12 RECIPE_MISSING_PARAMETER linear needs "weight" for b, c. Share of this model.',
      "8:5 RECIPE_MODEL_COUNT slerp needs a base model.",
    ],
  },
  {
    title: "a required parameter of all models",
    text: `
      merge_method: slerp
      base_model: a
      models: [{model: b}]
    `,
    problems: ['1:15 RECIPE_MISSING_PARAMETER slerp needs "t". Position between base (0) and model (1).'],
  },
  {
    title: "an appended base that lacks a weight",
    text: `
      merge_method: linear
      base_model: base
      models: [{model: a, parameters: {weight: 1}}]
    `,
    problems: ['2:13 RECIPE_MISSING_PARAMETER linear needs "weight" for base. Share of this model.'],
  },
  {
    title: "values of the wrong type",
    text: `
      merge_method: linear
      models:
        - model: 123
        - model: {path: a}
        - just text
      parameters:
        weight: [1, heavy, [2]]
        normalize: 0.5
      dtype: 16
      slices:
    `,
    problems: [
      '3:12 RECIPE_WRONG_TYPE "models[0].model" must be text or a mapping, not 123.',
      '4:12 RECIPE_MISSING_KEY models[1].model lacks "model".',
      '4:13 RECIPE_UNKNOWN_KEY "path" is not a key of models[1].model.',
      '5:5 RECIPE_WRONG_TYPE "models[2]" must be a mapping, not "just text".',
      '7:15 RECIPE_WRONG_TYPE "weight" must be a number, not "heavy".',
      '7:22 RECIPE_WRONG_TYPE "weight" must be a number, not a list.',
      '8:14 RECIPE_WRONG_TYPE "normalize" must be true or false, not 0.5.',
      '9:8 RECIPE_WRONG_TYPE "dtype" must be text, not 16.',
    ],
  },
  {
    title: "an empty parameter, infinity, and conditions mixed with plain values",
    text: `
      merge_method: linear
      models:
        - model: a
          parameters:
            weight:
        - model: b
          parameters: {weight: .inf}
        - model: c
          parameters: {weight: [{filter: 3, value: 1}, 2, {value: {value: 3}}, {filter: x}]}
    `,
    problems: [
      '5:7 RECIPE_WRONG_TYPE "weight" must be a number, not empty.',
      '7:26 RECIPE_WRONG_TYPE "weight" must be a number, not Infinity.',
      '9:36 RECIPE_WRONG_TYPE "filter" must be text, not 3.',
      '9:50 RECIPE_WRONG_TYPE "weight" mixes {filter, value} entries with plain values.',
      '9:61 RECIPE_WRONG_TYPE "weight" must be a number, not a mapping.',
      '9:74 RECIPE_MISSING_KEY models[2].parameters.weight[3] lacks "value".',
    ],
  },
  {
    title: "a document that is not a mapping",
    text: "- model: a\n",
    problems: ["1:1 RECIPE_WRONG_TYPE A recipe is a mapping of keys such as models and merge_method."],
  },
  {
    title: "a key that is no text",
    text: "? [models]\n: 1\n",
    problems: ["1:3 RECIPE_WRONG_TYPE A key must be text."],
  },
  {
    title: "values out of range",
    text: `
      merge_method: ties
      base_model: base
      models: [{model: a, parameters: {density: [0.5, 1.5], weight: 1}}]
      dtype: bf16
      overrides:
        - layers: [0, 2, 4]
          merge_method: model_stock
          parameters: {theta: angel}
        - layers: [-1, 2]
        - layers: [3, 3]
        - tensors: []
        - tensors: ""
        - tensors: [a, 7]
        - layers: [0, 2]
          merge_method: own
          parameters: {steps: 2.5}
    `,
    problems: [
      '3:49 RECIPE_OUT_OF_RANGE "density" must be a number from 0 to 1, not 1.5.',
      '4:8 RECIPE_OUT_OF_RANGE "dtype" must be one of float32, float16, bfloat16, float64, not "bf16".',
      '6:13 RECIPE_OUT_OF_RANGE "overrides[0].layers" must have two entries: the first layer, and the one after the last.',
      '8:25 RECIPE_OUT_OF_RANGE "theta" must be one of "cosine", "angle", "gram", not "angel". Did you mean "angle"?',
      '9:14 RECIPE_OUT_OF_RANGE "overrides[1].layers[0]" must be at least 0, not -1.',
      '10:13 RECIPE_OUT_OF_RANGE "layers" [3, 3] holds no layer: the end is not included and must be larger.',
      '11:14 RECIPE_OUT_OF_RANGE "overrides[3].tensors" is empty.',
      '12:14 RECIPE_OUT_OF_RANGE "overrides[4].tensors" is empty.',
      '13:18 RECIPE_WRONG_TYPE "overrides[5].tensors[1]" must be text, not 7.',
      '16:25 RECIPE_WRONG_TYPE "steps" must be a whole number of at least 1, not 2.5.',
    ],
  },
  {
    title: "parameters where they have no effect",
    text: `
      merge_method: ties
      base_model: base
      models:
        - model: base
          parameters: {density: 0.5}
        - model: a
          parameters: {weight: 1, lambda: 2}
    `,
    problems: [
      '5:18 RECIPE_MISPLACED_PARAMETER "density" has no effect on the base model: ties takes the base as it is.',
      '7:29 RECIPE_MISPLACED_PARAMETER "lambda" is one value for all models; it has no effect on a single one.',
    ],
  },
  {
    title: "model references that cannot be read",
    text: `
      merge_method: linear
      base_model: a@b@c
      models:
        - model: a+b+c
        - model: a@
        - model: "@main"
        - model: a+
        - model: {model: a@b@c}
      parameters: {weight: 1}
    `,
    problems: [
      '2:13 RECIPE_MODEL_REFERENCE "a@b@c" has more than one @.',
      '4:12 RECIPE_MODEL_REFERENCE "a+b+c" has more than one +.',
      '5:12 RECIPE_MODEL_REFERENCE "a@" has an empty revision.',
      '6:12 RECIPE_MODEL_REFERENCE "@main" has no path.',
      '7:12 RECIPE_MODEL_REFERENCE "" has no path.',
      '8:12 RECIPE_MODEL_REFERENCE "a@b@c" has more than one @.',
    ],
  },
  {
    title: "a key that stands twice, in block and flow mappings",
    text: `
      merge_method: linear
      merge_method: slerp
      base_model: x
      models: [{model: a, model: b}]
      parameters: {t: 0.5}
    `,
    problems: [
      '2:1 RECIPE_DUPLICATE_KEY "merge_method" stands twice in this mapping, first on line 1.',
      '4:21 RECIPE_DUPLICATE_KEY "model" stands twice in this mapping, first on line 4.',
    ],
  },
  {
    title: "a model that is listed twice",
    text: `
      merge_method: linear
      models:
        - model: a
        - model: {model: {path: a}}
        - model: a@main
      parameters: {weight: 1}
    `,
    problems: ["4:12 RECIPE_DUPLICATE_MODEL The model a is listed twice, first on line 3."],
  },
  {
    title: "too few models, or no base",
    text: `
      base_model: base
      models: [{model: a}]
    `,
    problems: [
      "1:1 RECIPE_MODEL_COUNT model_stock needs at least 2 models besides the base; there is 1 here.",
    ],
  },
  {
    title: "wrong numbers of models in slices and overrides",
    text: `
      merge_method: slerp
      base_model: base
      slices:
        - sources: [{model: base, layer_range: [0, 2]}, {model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 2]}]
        - sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 2]}]
        - base_model: b
          sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 2]}]
      parameters: {t: 0.5}
    `,
    problems: [
      "4:5 RECIPE_MODEL_COUNT slerp needs exactly 1 model besides the base; there are 2 here.",
      "5:5 RECIPE_MODEL_COUNT The slice lacks the base model base, which slerp needs.",
    ],
  },
  {
    title: "overrides whose methods take other numbers of models",
    text: `
      base_model: base
      models: [{model: a}, {model: b}]
      overrides:
        - {tensors: a, merge_method: passthrough}
        - {tensors: b, merge_method: slerp, parameters: {t: 0.5}}
        - {tensors: c, merge_method: slerp, model: base, parameters: {t: 0.5}}
        - {tensors: d, model: a}
        - {tensors: e, merge_method: linear}
    `,
    problems: [
      "4:5 RECIPE_MODEL_COUNT passthrough needs exactly 1 model; there are 2 here.",
      "5:5 RECIPE_MODEL_COUNT slerp needs exactly 1 model besides the base; there are 2 here.",
      "6:5 RECIPE_MODEL_COUNT slerp needs exactly 1 model besides the base; there are 0 here.",
      "7:5 RECIPE_MODEL_COUNT model_stock needs at least 2 models besides the base; there is 1 here.",
      '8:5 RECIPE_MISSING_PARAMETER linear needs "weight" for a, b. Share of this model.',
    ],
  },
  {
    title: "models beside slices",
    text: `
      merge_method: passthrough
      models: [{model: a}]
      slices: [{sources: [{model: a, layer_range: [0, 1]}]}]
    `,
    problems: ['3:1 RECIPE_CONFLICT "models" and "slices" exclude each other.'],
  },
  {
    title: "an evaluation on nothing",
    text: `
      models: [{model: a}, {model: b}]
      base_model: base
      evaluate: {}
    `,
    problems: ['3:11 RECIPE_MISSING_KEY evaluate needs "data" or "command".'],
  },
  {
    title: "an evaluation in two ways",
    text: `
      models: [{model: a}, {model: b}]
      base_model: base
      evaluate: {data: d, command: [x]}
    `,
    problems: ['3:11 RECIPE_CONFLICT "data" and "command" of evaluate exclude each other.'],
  },
  {
    title: "an evaluation with keys of the other way, and values out of range",
    text: `
      models: [{model: a}, {model: b}]
      base_model: base
      evaluate: {data: d, batch: 0, log: e, splts: [a]}
    `,
    problems: [
      '3:28 RECIPE_OUT_OF_RANGE "evaluate.batch" must be at least 1, not 0.',
      '3:31 RECIPE_MISPLACED_PARAMETER "log" of evaluate has no effect without "command".',
      '3:39 RECIPE_UNKNOWN_KEY "splts" is not a key of evaluate. Did you mean "splits"?',
    ],
  },
  {
    title: "modules that are no parts",
    text: `
      merge_method: passthrough
      modules:
        a: {models: [{model: x}], slices: [{sources: [{model: x, layer_range: [0, 1]}]}]}
        b: {parameters: {scale: 1}}
        c:
        d: {models: [{model: x, parameters: {scael: 2}}], parameters: {weight: 1}, dtype: float32}
        layers: {models: [{model: x}, {model: x}]}
    `,
    problems: [
      '3:29 RECIPE_CONFLICT "models" and "slices" exclude each other.',
      '4:6 RECIPE_MISSING_KEY modules.b lacks "models" or "slices".',
      '5:3 RECIPE_WRONG_TYPE "modules.c" must be a mapping, not empty.',
      '6:40 RECIPE_UNKNOWN_PARAMETER "scael" is not a parameter of passthrough. Did you mean "scale"?',
      '6:66 RECIPE_UNKNOWN_PARAMETER "weight" is not a parameter of passthrough.',
      '6:78 RECIPE_UNKNOWN_KEY "dtype" is not a key of modules.d.',
    ],
  },
  {
    title: "no modules",
    text: "modules: {}\nmerge_method: passthrough\n",
    problems: ['1:10 RECIPE_OUT_OF_RANGE "modules" is empty.'],
  },
  {
    title: "models of a module that do not suit the method",
    text: `
      merge_method: slerp
      base_model: x
      modules:
        a: {models: [{model: y}, {model: z}]}
        b: {models: [{model: y}, {model: y}, {model: x}]}
      parameters: {t: 0.5}
    `,
    problems: [
      "4:15 RECIPE_MODEL_COUNT slerp needs exactly 1 model besides the base; there are 2 here.",
      "5:15 RECIPE_MODEL_COUNT slerp needs exactly 1 model besides the base; there are 2 here.",
      "5:36 RECIPE_DUPLICATE_MODEL The model y is listed twice, first on line 5.",
    ],
  },
  {
    title: "tokenizers and their tokens",
    text: `
      merge_method: passthrough
      models: [{model: a}]
      tokenizer_source: a@b@c
      tokenizer:
        source: union
        tokens:
          "<x>": {source: {kind: model_token, model: a}}
          "<y>": {source: {kind: model_token, model: a, token: x, token_id: 3}, forse: true}
          "<z>": {source: {kind: nil}, force: maybe}
        pad_to_multiple_of: 0
      chat_template: [auto]
    `,
    problems: [
      '3:19 RECIPE_CONFLICT "tokenizer" and "tokenizer_source" exclude each other.',
      '7:21 RECIPE_MISSING_KEY A source of kind model_token needs "model" and either "token" or "token_id".',
      '8:21 RECIPE_MISSING_KEY A source of kind model_token needs "model" and either "token" or "token_id".',
      '8:75 RECIPE_UNKNOWN_KEY "forse" is not a key of tokenizer.tokens.<y>. Did you mean "force"?',
      '9:28 RECIPE_OUT_OF_RANGE "tokenizer.tokens.<z>.source.kind" must be one of zero, model_token, not "nil".',
      '9:41 RECIPE_WRONG_TYPE "tokenizer.tokens.<z>.force" must be true or false, not "maybe".',
      '10:23 RECIPE_OUT_OF_RANGE "tokenizer.pad_to_multiple_of" must be at least 1, not 0.',
      '11:16 RECIPE_WRONG_TYPE "chat_template" must be text, not a list.',
    ],
  },
  {
    title: "recipes of one file that do not fit together",
    text: `
      name: a
      merge_method: passthrough
      models: [{model: b}]
      ---
      name: b
      merge_method: passthrough
      models: [{model: a}]
      ---
      name: a
      merge_method: passthrough
      models: [{model: x}]
      ---
      name: ../c
      merge_method: passthrough
      models: [{model: c}]
      ---
      merge_method: passthrough
      models: [{model: b}]
      ---
      merge_method: passthrough
      models: [{model: b@main}]
    `,
    problems: [
      '5:7 RECIPE_DOCUMENTS "b@main" names a revision of another recipe\'s result, which has none.',
      "5:7 RECIPE_DOCUMENTS Recipes take each other's results in a circle: b needs a needs b.",
      '9:7 RECIPE_DOCUMENTS "a" is also the name of the recipe on line 1.',
      '13:7 RECIPE_DOCUMENTS "../c" cannot be the name of a folder.',
      "20:1 RECIPE_DOCUMENTS Two recipes have no name; the first begins on line 17.",
    ],
  },
  {
    title: "a recipe that adds an adapter to another's result",
    text: "name: a\nmerge_method: passthrough\nmodels: [{model: x}]\n---\nmerge_method: linear\nmodels: [{model: a}, {model: a+lora}]\nparameters: {weight: 1}\n",
    problems: [
      '1:7 RECIPE_DOCUMENTS "a+lora" adds an adapter to another recipe\'s result, which is in no folder yet.',
    ],
  },
  {
    title: "a recipe that takes its own result",
    text: "name: a\nmerge_method: passthrough\nmodels: [{model: a}]\n",
    problems: ["1:7 RECIPE_DOCUMENTS a takes its own result as a model."],
  },
  {
    title: "seeds that are none",
    text: "merge_method: passthrough\nmodels: [{model: a}]\nseed: -1\n---\nname: a\nmerge_method: passthrough\nmodels: [{model: x}]\nseed: 99999999999999999\n",
    problems: [
      '3:7 RECIPE_OUT_OF_RANGE "seed" must be at least 0, not -1.',
      '8:7 RECIPE_OUT_OF_RANGE "seed" is too large.',
    ],
  },
  {
    title: "broken YAML",
    text: "models:\n  - model: a\n   parameters: {weight: 1}\n",
    problems: ["3:1 RECIPE_SYNTAX Not valid YAML: Sequence item without - indicator."],
  },
  {
    title: "an alias without an anchor",
    text: "models: *all\n",
    problems: ["1:9 RECIPE_SYNTAX The alias *all refers to no anchor."],
  },
  {
    title: "an alias inside its own value",
    text: "models: &all [*all]\n",
    problems: ["1:15 RECIPE_SYNTAX The alias *all stands inside the value that it refers to."],
  },
  {
    title: "a tag that PyYAML would refuse as well",
    text: "models: !!python/object:os.system [a]\n",
    problems: ["1:35 RECIPE_SYNTAX The tag !!python/object:os.system is not understood here."],
  },
  {
    title: "a merge key without a mapping",
    text: "<<: 3\nmodels: []\n",
    problems: ["1:5 RECIPE_SYNTAX The merge key << takes a mapping or a list of mappings."],
  },
];

describe("A recipe with mistakes", () => {
  for (const { title, text, problems } of CASES) {
    it(`is refused with every place: ${title}`, () => {
      const found = problemsOf(text, { methods: MORE_METHODS });
      assert.deepEqual(summary(found), problems);
      assert.ok(
        found.every(({ severity, hint }) => severity === "error" && hint !== undefined && hint !== ""),
      );
    });
  }

  it("is shown with a caret under the place", () => {
    const [problem] = problemsOf(`
      merge_method: linear
      models:
        - model: a
          parameters:
            wieght: 0.5
    `);
    assert.deepEqual(problem?.position, { file: "recipe.yml", line: 5, column: 7 });
    assert.equal(problem.frame, "   5 |       wieght: 0.5\n     |       ^^^^^^");
    assert.equal(problem.hint, "Parameters of linear: weight, normalize.");
  });

  it("is counted in the message of the error, whose code is the first problem's", () => {
    const text = "merge_method: linear\nmodels: [{modle: a}]\nfoo: 1\n";
    assert.throws(
      () => parseRecipe(text, { file: "r.yml" }),
      (error) => {
        assert.ok(error instanceof RecipeError);
        assert.equal(error.code, "RECIPE_UNKNOWN_KEY");
        assert.equal(
          error.message,
          '2 problems; the first: "modle" is not a key of models[0]. Did you mean "model"?',
        );
        return true;
      },
    );
  });

  it("has the same places with line ends of Windows, and after a byte order mark", () => {
    const text = "merge_method: linear\nmodels:\n  - model: a\n    parameters: {wieght: 1}\n";
    const [unix] = problemsOf(text);
    const [windows] = problemsOf(text.replaceAll("\n", "\r\n"));
    assert.deepEqual(windows, unix);
    const [marked] = problemsOf(`\uFEFF${text}`);
    assert.deepEqual(marked, unix);
  });

  it("is told to indent with spaces if a tab does it", () => {
    const [problem] = problemsOf("merge_method: linear\nmodels:\n\t- model: a\n");
    assert.deepEqual(
      [problem?.code, problem?.position?.line, problem?.hint],
      ["RECIPE_SYNTAX", 3, "Indent with spaces."],
    );
  });

  it("is reported once where several aliases lead to it", () => {
    const problems = problemsOf(`
      merge_method: linear
      models:
        - model: a
          parameters: &same {wieght: 1}
        - model: b
          parameters: *same
    `);
    assert.deepEqual(summary(problems), [
      '4:24 RECIPE_UNKNOWN_PARAMETER "wieght" is not a parameter of linear. Did you mean "weight"?',
    ]);
  });

  it("is listed up to a limit, and the rest counted", () => {
    const keys = Array.from({ length: 150 }, (_, i) => `k${i}: 1`).join("\n");
    const problems = problemsOf(`merge_method: passthrough\nmodels: [{model: a}]\n${keys}\n`);
    assert.equal(problems.length, 101);
    assert.equal(problems.at(-1)?.message, "... and 50 more problems, not shown.");
  });

  it("has each code of the stage in a case here, but for those of files, code, adapters and limits", () => {
    const elsewhere: readonly ErrorCode[] = [
      "RECIPE_NOT_FOUND",
      "RECIPE_LIMIT",
      "RECIPE_CODE",
      "RECIPE_METHOD_MODULE",
      "RECIPE_UNSUPPORTED",
    ];
    const shown = CASES.flatMap(({ problems }) => problems.map((line) => line.split(" ")[1]));
    for (const [code, { stage }] of Object.entries(CODES)) {
      if (stage !== "recipe" || elsewhere.includes(code as ErrorCode)) continue;
      assert.ok(shown.includes(code), code);
    }
  });
});

describe("A lenient reading", () => {
  it("warns of unknown keys and parameters and ignores them, as mergekit does", () => {
    const text = `
      merge_method: linear
      modles: 1
      models:
        - model: a
          parameters: {wieght: 3, weight: [{fitler: x, value: 2}], normalize: no}
        - model: b
      parameters: {weight: 1}
    `;
    const found = warningsOf(text, { lenient: true });
    assert.deepEqual(
      found.map(({ severity, code }) => [severity, code]),
      [
        ["warning", "RECIPE_UNKNOWN_KEY"],
        ["warning", "RECIPE_UNKNOWN_PARAMETER"],
        ["warning", "RECIPE_UNKNOWN_KEY"],
        ["warning", "RECIPE_MISPLACED_PARAMETER"],
      ],
    );
  });

  it("still refuses what cannot be ignored", () => {
    const problems = problemsOf("merge_method: passthrough\nmodels: [{model: a}]\nevaluate: {}\nfoo: 1\n", {
      lenient: true,
    });
    assert.deepEqual(
      problems.map(({ severity, code }) => `${severity} ${code}`),
      ["error RECIPE_MISSING_KEY", "warning RECIPE_UNKNOWN_KEY"],
    );
  });
});

describe("A warning", () => {
  it("names keys and parameters that change nothing", () => {
    const warnings = [
      ...warningsOf(`
        merge_method: task_arithmetic
        base_model: base
        models:
          - model: a
            layer_range: [0, 4]
        parameters: {weight: 1, int8_mask: true}
      `),
      ...warningsOf(`
        merge_method: passthrough
        slices:
          - sources: [{model: a, layer_range: [0, 4]}]
            residual_weight: 0.5
      `),
    ];
    assert.deepEqual(summary(warnings), [
      '5:18 RECIPE_MISPLACED_PARAMETER "layer_range" has no effect under models, here as in mergekit.',
      '6:25 RECIPE_MISPLACED_PARAMETER "int8_mask" changes nothing. No mask is stored.',
      '4:22 RECIPE_MISPLACED_PARAMETER "residual_weight" has no effect in a slice, here as in mergekit.',
    ]);
  });
});

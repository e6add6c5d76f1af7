import assert from "node:assert/strict";
import fc from "fast-check";
import { METHODS } from "../../src/methods/index.ts";
import { defineMethod } from "../../src/methods/define.ts";
import { addTaskVectors } from "../../src/methods/combination.ts";
import { flag, integer, number, oneOf, optional, perModel } from "../../src/methods/params.ts";
import { evaluateSetting, resolveParameters, valuesOf } from "../../src/recipe/settings.ts";
import { parse } from "./faults.ts";
import type { Problem } from "../../src/errors.ts";
import type { ResolvedParameters } from "../../src/recipe/settings.ts";
import type { ParameterValue, Setting } from "../../src/recipe/types.ts";

const position = { file: "recipe.yml", line: 1, column: 1 };
const setting = (value: Setting["value"]): Setting => ({ value, position });

const probe = defineMethod({
  name: "probe",
  title: "Probe",
  summary: "Declares a parameter of each kind.",
  formula: "",
  base: "required",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Weight.", minimum: 0, maximum: 2 })),
    scale: optional(perModel(number({ doc: "Scale." }))),
    lambda: number({ doc: "Lambda.", default: 1 }),
    steps: integer({ doc: "Steps.", default: 10, minimum: 1 }),
    exact: flag({ doc: "Exact.", default: false }),
    mode: oneOf(["slow", "fast"], { doc: "Mode.", default: "slow" }),
    limit: number({ doc: "Limit." }),
  },
  whenMissing: "base",
  symmetric: true,
  solve: ({ n }) => ({ combination: addTaskVectors(new Float64Array(n)) }),
});

interface Values {
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly inputs: readonly Readonly<Record<string, ParameterValue>>[];
  readonly problems: readonly Problem[];
  /** The same with the rules that they come from. */
  readonly found: ResolvedParameters;
}

/** Parameters of the first slice at one tensor, under the same name in all models unless given. */
function resolve(
  text: string,
  at: { tensor?: string; t?: number; override?: number; names?: readonly string[] } = {},
): Values {
  const recipe = parse(text, { methods: [probe] });
  const [module] = recipe.modules;
  const slice = module?.slices[0];
  assert.ok(module !== undefined && slice !== undefined);
  const override = at.override === undefined ? undefined : recipe.overrides[at.override];
  const name = override?.mergeMethod ?? recipe.mergeMethod;
  const method = [...METHODS, probe].find((each) => each.name === name);
  assert.ok(method !== undefined);
  const tensor = at.tensor ?? "layers.0.mlp.weight";
  const sources = slice.sources.filter(({ model }) => model.path !== "base");
  const inputs = sources.map((source, i) => ({ source, tensor: at.names?.[i] ?? tensor }));
  const found = resolveParameters({ recipe, module, slice, override, method, tensor, t: at.t ?? 0, inputs });
  const { problems } = found;
  return { parameters: valuesOf(found.parameters), inputs: found.inputs.map(valuesOf), problems, found };
}

describe("Evaluating a setting", () => {
  it("gives a plain value everywhere", () => {
    for (const value of [0.5, true, "row"]) assert.equal(evaluateSetting(setting(value), "x", 0.3), value);
  });

  it("interpolates a gradient linearly: layer 20 of 40 in five values", () => {
    const value = evaluateSetting(setting([0, 0.5, 0.3, 0.7, 1]), "x", 20 / 39);
    // 4 * 20/39 = 2.0513 lies between 0.3 and 0.7.
    assert.ok(typeof value === "number" && Math.abs(value - 0.32051282051282054) < 1e-15);
  });

  it("gives the ends of a gradient exactly, and stays between its neighbours", () => {
    const finite = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 9 }),
        fc.double({ noNaN: true, min: 0, max: 1 }),
        (v, t) => {
          const at = (place: number) => evaluateSetting(setting(v), "x", place);
          assert.equal(at(0), v[0]);
          assert.equal(at(1), v.at(-1));
          const i = Math.min(v.length - 1, Math.floor(t * (v.length - 1)));
          const near = [v[i] ?? 0, v[Math.min(v.length - 1, i + 1)] ?? 0];
          const value = at(t);
          const slack = 1e-9 * Math.max(1, ...near.map(Math.abs));
          assert.ok(typeof value === "number");
          assert.ok(value >= Math.min(...near) - slack && value <= Math.max(...near) + slack);
        },
      ),
    );
  });

  it("keeps the sign of a zero at an end of a gradient", () => {
    assert.equal(evaluateSetting(setting([-0, 0]), "x", 0), -0);
    assert.equal(evaluateSetting(setting([0, -0]), "x", 1), -0);
  });

  it("steps through booleans and words", () => {
    const step = setting(["tensor", "row", "model"]);
    assert.deepEqual(
      [0, 0.49, 0.5, 0.99, 1].map((t) => evaluateSetting(step, "x", t)),
      ["tensor", "tensor", "row", "row", "model"],
    );
    assert.equal(evaluateSetting(setting([false, true]), "x", 0.99), false);
  });

  it("takes the first condition whose filter is part of the name, letter by letter", () => {
    const conditions = [
      { filter: "self_attn", value: 1 },
      { filter: "layers.1", value: [2, 4] },
      { filter: "*", value: 3 },
    ];
    const at = (name: string, t = 0) => evaluateSetting(setting({ conditions }), name, t);
    assert.equal(at("layers.1.self_attn.q"), 1);
    assert.equal(at("layers.11.mlp", 0.5), 3);
    assert.equal(at("layers.1.mlp", 0.5), 3);
    assert.equal(at("layers.1.mlp", 1), 4);
    assert.equal(at("layers.2.Self_Attn"), 3);
    assert.equal(at("layers\u00001"), 3);
  });

  it("has no value if no condition holds or the list is empty", () => {
    assert.equal(
      evaluateSetting(setting({ conditions: [{ filter: "mlp", value: 1 }] }), "attn", 0),
      undefined,
    );
    assert.equal(evaluateSetting(setting({ conditions: [{ value: [] }] }), "attn", 0), undefined);
    assert.equal(evaluateSetting(setting([]), "attn", 0), undefined);
  });
});

describe("Resolving the parameters of a tensor", () => {
  const LEVELS = `
    merge_method: probe
    base_model: base
    models:
      - model: a
        parameters: {weight: [{filter: attn, value: 0.1}]}
      - model: b
        parameters: {weight: 0.2}
    parameters: {weight: 0.3, limit: 1, lambda: 4}
    overrides:
      - tensors: head
        parameters: {weight: [{filter: attn, value: 0.7}], lambda: 5}
      - tensors: head
        merge_method: linear
  `;
  const weights = ({ inputs }: Values) => inputs.map(({ weight }) => weight);

  it("falls through from a model's own settings to the recipe's where no filter holds", () => {
    assert.deepEqual(weights(resolve(LEVELS, { tensor: "attn" })), [0.1, 0.2]);
    assert.deepEqual(weights(resolve(LEVELS, { tensor: "mlp" })), [0.3, 0.2]);
  });

  it("puts an override's settings first, and falls through to the others", () => {
    assert.deepEqual(weights(resolve(LEVELS, { tensor: "attn", override: 0 })), [0.7, 0.7]);
    assert.deepEqual(weights(resolve(LEVELS, { tensor: "mlp", override: 0 })), [0.3, 0.2]);
    assert.equal(resolve(LEVELS, { override: 0 }).parameters.lambda, 5);
    assert.equal(resolve(LEVELS).parameters.lambda, 4);
  });

  it("resolves the parameters of an override's own method from the same levels", () => {
    const { parameters, inputs, problems } = resolve(LEVELS, { tensor: "mlp", override: 1 });
    assert.deepEqual(
      [parameters, inputs, problems],
      [{ normalize: true }, [{ weight: 0.3 }, { weight: 0.2 }], []],
    );
  });

  it("says which level, setting and filter gave each value", () => {
    const rules = (at: { tensor: string; override?: number }) => {
      const { found } = resolve(LEVELS, at);
      return [found.inputs[0]?.weight, found.parameters.lambda, found.parameters.steps].map((each) => [
        each?.level,
        each?.setting?.position.line,
        each?.entry?.filter,
      ]);
    };
    assert.deepEqual(rules({ tensor: "attn" }), [
      ["source", 5, "attn"],
      ["recipe", 8, undefined],
      ["default", undefined, undefined],
    ]);
    assert.deepEqual(rules({ tensor: "attn", override: 0 }), [
      ["override", 11, "attn"],
      ["override", 11, undefined],
      ["default", undefined, undefined],
    ]);
    assert.deepEqual(rules({ tensor: "mlp", override: 0 })[0], ["recipe", 8, undefined]);
  });

  it("takes globs over whole names as filters in overrides, and pieces of names elsewhere", () => {
    const text = `
      merge_method: linear
      models: [{model: a}]
      parameters: {weight: [{filter: "*.mlp.*", value: 9}, {value: 1}]}
      overrides:
        - layers: [0, 9]
          parameters: {weight: [{filter: "*.?.mlp.*", value: 2}, {filter: "mlp", value: 3}]}
    `;
    const at = (tensor: string, override?: number) =>
      weights(resolve(text, { tensor, ...(override !== undefined && { override }) }));
    assert.deepEqual(at("layers.3.mlp.w", 0), [2]);
    assert.deepEqual(at("layers.13.mlp.w", 0), [3]);
    assert.deepEqual(at("layers.3.attn.w", 0), [1]);
    assert.deepEqual(at("layers.3.mlp.w"), [1]);
  });

  it("puts a module between its slices and the recipe", () => {
    const text = `
      merge_method: linear
      modules:
        tower:
          slices:
            - sources:
                - {model: a, layer_range: [0, 2], parameters: {weight: [{filter: attn, value: 0.9}]}}
              parameters: {weight: [{filter: mlp, value: 0.7}]}
          parameters: {weight: [{filter: norm, value: 0.5}], normalize: false}
      parameters: {weight: 0.1, normalize: true}
    `;
    assert.deepEqual(
      ["attn", "mlp", "norm", "x"].map((tensor) => weights(resolve(text, { tensor }))[0]),
      [0.9, 0.7, 0.5, 0.1],
    );
    assert.equal(resolve(text).parameters.normalize, false);
  });

  it("puts a slice between its models and the recipe", () => {
    const text = `
      merge_method: linear
      slices:
        - sources:
            - {model: a, layer_range: [0, 2], parameters: {weight: [{filter: attn, value: 0.9}]}}
            - {model: b, layer_range: [0, 2]}
          parameters:
            weight: [{filter: mlp, value: [0.25, 0.75]}]
            normalize: false
      parameters: {weight: 0.5}
    `;
    assert.deepEqual(weights(resolve(text, { tensor: "attn" })), [0.9, 0.5]);
    assert.deepEqual(weights(resolve(text, { tensor: "mlp", t: 1 })), [0.75, 0.75]);
    assert.deepEqual(resolve(text).parameters, { normalize: false });
  });

  it("holds filters of model parameters against the model's own tensor name, all others against the output's", () => {
    const text = `
      merge_method: probe
      base_model: base
      models: [{model: a}, {model: b}]
      parameters:
        weight: [{filter: layers.7., value: 0.7}, {value: 0.1}]
        limit: [{filter: layers.7., value: 0.7}, {value: 0.1}]
    `;
    const resolved = resolve(text, { tensor: "layers.3.w", names: ["layers.7.w", "layers.3.w"] });
    assert.deepEqual(weights(resolved), [0.7, 0.1]);
    assert.equal(resolved.parameters.limit, 0.1);
  });

  it("fills in defaults, and leaves an absent optional parameter out", () => {
    const { parameters, inputs, problems } = resolve(LEVELS);
    assert.deepEqual(parameters, { lambda: 4, steps: 10, exact: false, mode: "slow", limit: 1 });
    assert.deepEqual(
      inputs.map((input) => Object.keys(input)),
      [["weight"], ["weight"]],
    );
    assert.deepEqual(problems, []);
  });

  it("names parameter, model and tensor of a required one that no condition gives", () => {
    const { problems } = resolve(
      `
      merge_method: probe
      base_model: base
      models: [{model: a}, {model: b, parameters: {weight: 1}}]
      parameters:
        weight: [{filter: mlp, value: 1}]
        limit: []
    `,
      { tensor: "attn.q" },
    );
    assert.deepEqual(
      problems.map(({ code, message }) => `${code} ${message}`),
      [
        'RECIPE_MISSING_PARAMETER probe needs "limit" at tensor attn.q, and no setting of it applies there.',
        'RECIPE_MISSING_PARAMETER probe needs "weight" for model a at tensor attn.q, and no setting of it applies there.',
      ],
    );
  });

  it("refuses a whole number that a gradient puts between two", () => {
    const text = `
      merge_method: probe
      base_model: base
      models: [{model: a}]
      parameters: {weight: 1, limit: 1, steps: [1, 4]}
    `;
    assert.equal(resolve(text, { t: 1 / 3 }).parameters.steps, 2);
    const { problems, parameters } = resolve(text, { t: 0.5 });
    assert.ok(!("steps" in parameters));
    const [problem] = problems;
    assert.equal(problem?.code, "PLAN_PARAMETER");
    assert.match(
      problem.message,
      /"steps" is 2.5 at tensor layers.0.mlp.weight; it takes a whole number of at least 1/,
    );
    assert.equal(
      problem.frame,
      "   4 | parameters: {weight: 1, limit: 1, steps: [1, 4]}\n     |                                   ^^^^^",
    );
  });

  it("refuses an inherited value that an override's method does not take", () => {
    const text = `
      merge_method: task_arithmetic
      base_model: base
      models: [{model: a, parameters: {weight: 3}}]
      overrides: [{tensors: head, merge_method: probe, parameters: {limit: 0}}]
    `;
    const { problems } = resolve(text, { tensor: "head", override: 0 });
    assert.match(
      problems[0]?.message ?? "",
      /"weight" is 3 for model a at tensor head; it takes a number from 0 to 2/,
    );
  });
});

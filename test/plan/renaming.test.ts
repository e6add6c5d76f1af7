import assert from "node:assert/strict";
import type { ModelHeaders } from "../../src/sources/types.ts";
import { DECODERS } from "../fixtures/tiny-decoders.ts";
import { ENCODERS } from "../fixtures/tiny-encoders.ts";
import type { TinyArchitecture } from "../fixtures/tiny-architectures.ts";
import { headersOf, llama, parameterOf, planOf, problemsOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const GPT2 = DECODERS["gpt2 with a head"];
/** The same network, saved without the part that its names begin with, and without a head. */
function bare(reference: string, { config, tensors }: TinyArchitecture, prefix: string): ModelHeaders {
  const own = tensors.filter(({ name }) => name.startsWith(prefix));
  return headersOf(reference, {
    config,
    tensors: own.map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) })),
  });
}

const LINEAR: RecipeText = {
  method: "linear",
  models: [
    { model: "a", parameters: { weight: [{ filter: "transformer.h.1.", value: 7 }, { value: [0, 1] }] } },
    { model: "b", parameters: { weight: 2 } },
  ],
};

describe("models of one network that name its tensors with and without a beginning", () => {
  it("are merged under the first one's names, layer by layer", () => {
    const plan = planOf(LINEAR, [bare("a", GPT2, "transformer."), headersOf("b", GPT2)]);
    assert.deepEqual(
      plan.tensors.map(({ name }) => `transformer.${name}`),
      GPT2.tensors.map(({ name }) => name),
    );
    for (const { name, inputs } of plan.tensors)
      assert.deepEqual(
        inputs.map(({ tensor }) => tensor),
        [name, `transformer.${name}`],
      );
    assert.deepEqual(parameterOf(tensorOf(plan, "h.1.ln_1.weight"), "weight"), [0.5, 2]);
    assert.deepEqual(
      plan.warnings.filter(({ code }) => code === "PLAN_RENAMED").map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_RENAMED",
          'The names of b begin with "transformer.", those of a do not; they are matched without it.',
        ],
      ],
    );
  });

  it("are merged the other way round, with filters on each model's own names", () => {
    const plan = planOf(LINEAR, [headersOf("a", GPT2), bare("b", GPT2, "transformer.")]);
    const tensor = tensorOf(plan, "transformer.h.1.ln_1.weight");
    assert.deepEqual(
      tensor.inputs.map(({ tensor: name }) => name),
      ["transformer.h.1.ln_1.weight", "h.1.ln_1.weight"],
    );
    assert.deepEqual(parameterOf(tensor, "weight"), [7, 2]);
    assert.match(plan.warnings[0]?.message ?? "", /names of b lack the "transformer\." of a's/);
  });

  it("are restacked together", () => {
    const slices = [
      { sources: [{ model: "a", layers: [0, 2] as const }] },
      { sources: [{ model: "b", layers: [1, 3] as const }] },
    ];
    const plan = planOf({ method: "passthrough", slices }, [
      bare("a", GPT2, "transformer."),
      headersOf("b", GPT2),
    ]);
    assert.ok(plan.tensors.every(({ name }) => !name.startsWith("transformer.")));
    const origin = (name: string) =>
      tensorOf(plan, name).inputs.map(({ model, tensor }) => [plan.models[model]?.reference, tensor]);
    assert.deepEqual(origin("h.3.ln_2.bias"), [["b", "transformer.h.2.ln_2.bias"]]);
    assert.deepEqual(origin("ln_f.weight"), [["b", "transformer.ln_f.weight"]]);
    assert.deepEqual(origin("wte.weight"), [["a", "wte.weight"]]);
  });

  it("keep a head that only one of them has out of it, with a warning", () => {
    const plan = planOf(
      LINEAR,
      [bare("a", ENCODERS.bert, "bert."), headersOf("b", ENCODERS.bert)].map((model) => model),
    );
    const extra = plan.warnings.find(({ code }) => code === "PLAN_EXTRA_TENSOR");
    assert.match(
      extra?.message ?? "",
      /^b has 2 tensors that the output will not have: "classifier\.weight" and "classifier\.bias"/,
    );
    assert.ok(plan.tensors.every(({ inputs, action }) => action === "copy" || inputs.length === 2));
  });

  it("are not matched where only a few names would fit", () => {
    const odd = headersOf("b", {
      config: {},
      tensors: [
        { name: "x.lm_head.weight", shape: [32, 16] },
        ...[0, 1, 2, 3].map((i) => ({ name: `y.layers.${String(i)}.w.weight`, shape: [1] })),
      ],
    });
    const text: RecipeText = { method: "linear", models: ["a", "b"], parameters: { weight: 1 } };
    const codes = problemsOf(text, [llama("a"), odd]).map(({ code }) => code);
    assert.ok(codes.includes("PLAN_MISSING_TENSOR") && !codes.includes("PLAN_RENAMED"), codes.join());
  });
});

describe("models of BERT with the old and the new names of a norm's parameters", () => {
  const BERT: TinyArchitecture = {
    ...ENCODERS.bert,
    tensors: ENCODERS.bert.tensors.filter(({ buffer }) => buffer === undefined),
  };
  const old = (name: string) =>
    name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta");
  const oldBert: TinyArchitecture = {
    ...BERT,
    tensors: BERT.tensors.map((tensor) => ({ ...tensor, name: old(tensor.name) })),
  };
  const recipe: RecipeText = {
    method: "linear",
    models: [
      { model: "a", parameters: { weight: 1 } },
      { model: "b", parameters: { weight: 2 } },
    ],
  };
  const namesOf = ({ tensors }: TinyArchitecture) => tensors.map(({ name }) => name);

  for (const [title, first, second, rename] of [
    ["new", BERT, oldBert, old],
    ["old", oldBert, BERT, undefined],
  ] as const) {
    it(`are merged under the first one's ${title} names, with a warning`, () => {
      const plan = planOf(recipe, [headersOf("a", first), headersOf("b", second)]);
      assert.deepEqual(
        plan.tensors.map(({ name }) => name),
        namesOf(first),
      );
      assert.deepEqual(
        plan.tensors.map(({ inputs }) => inputs[1]?.tensor),
        namesOf(second),
      );
      if (rename !== undefined) assert.notDeepEqual(namesOf(first), namesOf(second));
      assert.deepEqual(
        plan.warnings.map(({ code }) => code),
        ["PLAN_RENAMED"],
      );
      assert.match(plan.warnings[0]?.message ?? "", /^b and a call the parameters of norms by other names/);
    });
  }

  it("are merged where one also lacks the component in front", () => {
    const [prefix = ""] = /^[^.]+\./.exec(BERT.tensors[0]?.name ?? "") ?? [];
    const named = BERT.tensors.filter(({ name }) => name.startsWith(prefix));
    assert.ok(named.length > 10);
    const bareOld = bare("b", { ...oldBert, tensors: oldBert.tensors }, prefix);
    const plan = planOf(recipe, [headersOf("a", { ...BERT, tensors: named }), bareOld]);
    assert.deepEqual(
      plan.tensors.map(({ inputs }) => inputs[1]?.tensor),
      named.map(({ name }) => old(name).slice(prefix.length)),
    );
  });
});

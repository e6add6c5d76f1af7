import assert from "node:assert/strict";
import { PARTS, visionLanguage } from "../fixtures/tiny-parts.ts";
import type { TinyArchitecture } from "../fixtures/tiny-architectures.ts";
import { headersOf, parameterOf, planOf, problemsOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const WEIGHTS = [
  { model: "a", parameters: { weight: 1 } },
  { model: "b", parameters: { weight: 3 } },
];
const both = (architecture: TinyArchitecture) => ["a", "b"].map((name) => headersOf(name, architecture));
const namesOf = ({ tensors }: TinyArchitecture) => tensors.map(({ name }) => name).sort();

/** Which module's parameter each tensor got, as module numbers by the tensor's first components. */
function owners(architecture: TinyArchitecture, names: readonly string[]): Record<string, string[]> {
  const modules = Object.fromEntries(
    names.map((name, at) => [name, { models: ["a", "b"], parameters: { weight: at + 1 } }]),
  );
  const plan = planOf({ method: "linear", modules }, both(architecture));
  assert.deepEqual(plan.tensors.map(({ name }) => name).sort(), namesOf(architecture));
  const found: Record<string, Set<string>> = Object.fromEntries(names.map((name) => [name, new Set()]));
  for (const tensor of plan.tensors) {
    const weight = tensor.action === "copy" ? 1 : Number(parameterOf(tensor, "weight")[0]);
    const start = tensor.name.replace(/\.(?:layers|block|blocks|embeddings)\..*|\.weight$|\.bias$/, "");
    found[names[weight - 1] ?? ""]?.add(start);
  }
  return Object.fromEntries(Object.entries(found).map(([name, starts]) => [name, [...starts].sort()]));
}

describe("planMerge with modules", () => {
  it("takes the tensors whose names have the module's name in them", () => {
    assert.deepEqual(owners(PARTS.t5, ["encoder", "decoder", "shared"]), {
      encoder: ["encoder", "encoder.final_layer_norm"],
      decoder: ["decoder", "decoder.final_layer_norm"],
      shared: ["shared"],
    });
    const whisper = owners(PARTS.whisper, ["decoder", "encoder"]);
    assert.ok(whisper["encoder"]?.every((name) => name.startsWith("model.encoder")));
    assert.ok(whisper["decoder"]?.every((name) => name.startsWith("model.decoder")));
  });

  it("gives `default` and the empty name all that is left", () => {
    for (const rest of ["default", ""]) {
      const found = owners(PARTS.clip, ["vision_model", rest]);
      assert.deepEqual(found["vision_model"], [
        "vision_model",
        "vision_model.encoder",
        "vision_model.post_layernorm",
      ]);
      assert.deepEqual(found[rest], [
        "logit_scale",
        "text_model",
        "text_model.encoder",
        "text_model.final_layer_norm",
        "text_projection",
        "visual_projection",
      ]);
    }
  });

  it("knows mergekit's names for the parts of models that see, in every layout of their tensors", () => {
    const layouts = [
      {
        text: "language_model.model",
        vision: "vision_tower.vision_model",
        projector: "multi_modal_projector",
      },
      {
        text: "model.language_model",
        vision: "model.vision_tower",
        projector: "model.multi_modal_projector",
      },
      { text: "model", vision: "visual", projector: "visual.merger" },
      { text: "model.language_model", vision: "model.visual", projector: "model.visual.merger" },
    ];
    for (const layout of layouts) {
      const found = owners(visionLanguage(layout), ["text_decoder", "vision_tower", "multi_modal_projector"]);
      assert.deepEqual(found, {
        text_decoder: ["lm_head", `${layout.text}.embed_tokens`, layout.text, `${layout.text}.norm`].sort(),
        vision_tower: [layout.vision, `${layout.vision}.encoder`, `${layout.vision}.post_layernorm`].sort(),
        multi_modal_projector: [`${layout.projector}.mm_input_projection`],
      });
    }
  });

  it("takes a module's whole beginning of names, so that two stacks of one name can be told apart", () => {
    const found = owners(PARTS.clip, ["text_model.encoder", "vision_model.encoder", "default"]);
    assert.deepEqual(found["text_model.encoder"], ["text_model.encoder"]);
    assert.deepEqual(found["vision_model.encoder"], ["vision_model.encoder"]);
  });

  it("restacks one part while the others stay whole, and puts its layer count into the config", () => {
    const slices = [
      { sources: [{ model: "a", layers: [0, 2] as const }] },
      { sources: [{ model: "b", layers: [1, 3] as const }] },
    ];
    const text: RecipeText = {
      method: "passthrough",
      modules: { encoder: { models: ["a"] }, decoder: { slices }, shared: { models: ["b"] } },
    };
    const plan = planOf(text, both(PARTS.t5));
    const origin = (name: string) => {
      const [input] = tensorOf(plan, name).inputs;
      return [plan.models[input?.model ?? -1]?.reference, input?.tensor];
    };
    const q = (layer: number) => `decoder.block.${layer}.layer.0.SelfAttention.q.weight`;
    assert.deepEqual(
      [0, 1, 2, 3].map((layer) => origin(q(layer))),
      [
        ["a", q(0)],
        ["a", q(1)],
        ["b", q(1)],
        ["b", q(2)],
      ],
    );
    assert.deepEqual(origin("encoder.block.1.layer.0.SelfAttention.q.weight")[0], "a");
    assert.deepEqual(origin("decoder.final_layer_norm.weight")[0], "b");
    assert.deepEqual(origin("shared.weight")[0], "b");
    assert.deepEqual(plan.configEdits, { num_decoder_layers: 4 });
  });

  it("finds the keys of config.json that count the layers of a part, wherever they stand", () => {
    const cut = (architecture: TinyArchitecture, module: string, layers: readonly [number, number]) => {
      const slices = [{ sources: [{ model: "a", layers }] }];
      const text: RecipeText = {
        method: "passthrough",
        modules: { [module]: { slices }, default: { models: ["a"] } },
      };
      return planOf(text, [headersOf("a", architecture)]).configEdits;
    };
    assert.deepEqual(cut(PARTS.t5, "encoder", [0, 1]), { num_layers: 1 });
    assert.deepEqual(cut(PARTS.whisper, "encoder", [0, 2]), { encoder_layers: 2, num_hidden_layers: 2 });
    assert.deepEqual(cut(PARTS.whisper, "decoder", [0, 2]), { decoder_layers: 2 });
    assert.deepEqual(cut(PARTS.clip, "text_model", [0, 1]), { "text_config.num_hidden_layers": 1 });
    assert.deepEqual(cut(PARTS.clip, "vision_model", [1, 3]), { "vision_config.num_hidden_layers": 2 });
    assert.deepEqual(cut(PARTS.gemma3vl, "vision_tower", [0, 1]), { "vision_config.num_hidden_layers": 1 });
    assert.deepEqual(cut(PARTS.gemma3vl, "text_decoder", [1, 3]), {
      "text_config.num_hidden_layers": 2,
      "text_config.layer_types": ["sliding", "full"],
    });
  });

  it("spreads gradients over the layers of each part, and applies overrides to all of them", () => {
    const models = [
      { model: "a", parameters: { weight: [0, 1] } },
      { model: "b", parameters: { weight: 1 } },
    ];
    const plan = planOf(
      {
        method: "linear",
        modules: { encoder: { models }, decoder: { models }, shared: { models } },
        overrides: [
          { tensors: ["decoder.*"], layers: [2, 3], mergeMethod: "passthrough", model: "b" },
          { tensors: ["encoder.*"], parameters: { weight: [{ filter: "*.0.*.q.weight", value: 7 }] } },
        ],
      },
      both(PARTS.t5),
    );
    const weight = (name: string) => parameterOf(tensorOf(plan, name), "weight")[0];
    const q = (part: string, layer: number) => `${part}.block.${layer}.layer.0.SelfAttention.q.weight`;
    const k = (part: string, layer: number) => `${part}.block.${layer}.layer.0.SelfAttention.k.weight`;
    assert.deepEqual(
      [0, 1].map((layer) => weight(k("encoder", layer))),
      [0, 1],
    );
    assert.deepEqual(
      [0, 1].map((layer) => weight(k("decoder", layer))),
      [0, 0.5],
    );
    assert.equal(weight(q("encoder", 0)), 7);
    assert.equal(tensorOf(plan, k("decoder", 2)).method, "passthrough");
    assert.equal(weight("shared.weight"), 0);
  });

  it("appends the base to the models of each part", () => {
    const plan = planOf(
      {
        method: "slerp",
        base: "a",
        modules: { vision_model: { models: ["b"] }, default: { models: ["b"], parameters: { t: 0.25 } } },
        parameters: { t: 0.75 },
      },
      both(PARTS.clip),
    );
    const { base, parameters } = tensorOf(plan, "text_projection.weight");
    assert.deepEqual([base?.model, parameters["t"]], [0, 0.25]);
    assert.equal(tensorOf(plan, "vision_model.post_layernorm.weight").parameters["t"], 0.75);
  });

  it("refuses to leave out layers or other tensors that no module takes", () => {
    const problems = problemsOf(
      { method: "linear", modules: { text_model: { models: WEIGHTS } } },
      both(PARTS.clip),
    );
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_MODULE",
          '7 tensors of a are in no module: "vision_model.embeddings.patch_embedding.weight", ' +
            '"vision_model.embeddings.position_embedding.weight", "vision_model.post_layernorm.weight" and 4 more.',
        ],
        ["PLAN_MODULE", "The 3 layers in vision_model.encoder.layers of a are in no module."],
      ],
    );
  });

  it("refuses names of no part, of several, and two names of one", () => {
    const errors = (...names: string[]) => {
      const modules = Object.fromEntries(names.map((name) => [name, { models: WEIGHTS }]));
      return problemsOf({ method: "linear", modules }, both(PARTS.clip)).map(({ message }) => message);
    };
    assert.deepEqual(errors("vison_model", "default"), [
      'No tensor belongs to a part "vison_model". Did you mean "vision_model"?',
    ]);
    assert.deepEqual(errors("encoder", "default"), [
      '"encoder" is the name of several parts: text_model.encoder, vision_model.encoder.',
    ]);
    assert.deepEqual(errors("vision_model", "vision_tower", "default"), [
      '"vision_model" and "vision_tower" are the same part of the network.',
    ]);
    assert.deepEqual(errors("default", ""), ['"default" and "" are the same part of the network.']);
  });

  it("warns of what other models have in no module", () => {
    const b = headersOf("b", {
      ...PARTS.t5,
      tensors: [...PARTS.t5.tensors, { name: "value_head.weight", shape: [1, 8] }],
    });
    const modules = Object.fromEntries(
      ["encoder", "decoder", "shared"].map((name) => [name, { models: WEIGHTS }]),
    );
    const plan = planOf({ method: "linear", modules }, [headersOf("a", PARTS.t5), b]);
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, message]),
      [["PLAN_EXTRA_TENSOR", 'b has a tensor that the output will not have: "value_head.weight".']],
    );
  });

  it("asks for modules where slices do not say which layers they mean", () => {
    const [problem] = problemsOf(
      { method: "passthrough", slices: [{ sources: [{ model: "a", layers: [0, 1] }] }] },
      both(PARTS.t5),
    );
    assert.equal(problem?.code, "PLAN_MODULE");
    assert.match(problem.message, /several stacks of layers \(encoder\.block, decoder\.block\)/);
    assert.match(problem.hint ?? "", /`modules`/);
  });
});

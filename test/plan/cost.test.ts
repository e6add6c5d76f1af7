import assert from "node:assert/strict";
import { METHODS } from "../../src/methods/index.ts";
import { planMerge } from "../../src/plan/plan.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import type { ModelHeaders, TensorHeader } from "../../src/sources/types.ts";
import { modelOf } from "./build.ts";

/** Headers that count how often a tensor is looked up or gone through. */
class CountedTensors extends Map<string, TensorHeader> {
  reads = 0;

  override get(name: string): TensorHeader | undefined {
    this.reads++;
    return super.get(name);
  }
  override has(name: string): boolean {
    this.reads++;
    return super.has(name);
  }
  override keys(): MapIterator<string> {
    this.reads += this.size;
    return super.keys();
  }
  override values(): MapIterator<TensorHeader> {
    this.reads += this.size;
    return super.values();
  }
}

/** The shapes of a model of 70 billion parameters. */
function seventyBillion(
  reference: string,
  layers: number,
): ModelHeaders & { readonly tensors: CountedTensors } {
  const [width, inner, heads, vocabulary] = [8192, 28_672, 1024, 128_256];
  const shapes: Record<string, readonly number[]> = {
    "model.embed_tokens.weight": [vocabulary, width],
    "model.norm.weight": [width],
    "lm_head.weight": [vocabulary, width],
  };
  for (let layer = 0; layer < layers; layer++) {
    const own = { q: [width, width], k: [heads, width], v: [heads, width], o: [width, width] };
    for (const [name, shape] of Object.entries(own))
      shapes[`model.layers.${layer}.self_attn.${name}_proj.weight`] = shape;
    for (const name of ["gate", "up"])
      shapes[`model.layers.${layer}.mlp.${name}_proj.weight`] = [inner, width];
    shapes[`model.layers.${layer}.mlp.down_proj.weight`] = [width, inner];
    for (const name of ["input", "post_attention"])
      shapes[`model.layers.${layer}.${name}_layernorm.weight`] = [width];
  }
  const model = modelOf(reference, shapes, { dtype: "BF16", config: { num_hidden_layers: layers } });
  return { ...model, tensors: new CountedTensors(model.tensors) };
}

/** Slices of ten layers that overlap by half, each of three models. */
function frankenmerge(layers: number): string {
  const slices = Array.from({ length: (layers / 10) * 1.5 }, (_, i) => {
    const start = (i * 5) % (layers - 5);
    const sources = ["a", "b", "c"].map(
      (model) => `{model: ${model}, layer_range: [${start}, ${start + 10}]}`,
    );
    return `  - sources: [${sources.join(", ")}]\n`;
  });
  return (
    "merge_method: ties\nbase_model: a\nparameters:\n  weight: 0.5\n  density: [{filter: mlp, value: [0.2, 0.8]}, {value: 0.5}]\n" +
    'overrides:\n  - {tensors: "*.mlp.*", layers: [0, 9], parameters: {lambda: 0.5}}\n' +
    `slices:\n${slices.join("")}`
  );
}

function planOf(layers: number) {
  const models = ["a", "b", "c"].map((name) => seventyBillion(name, layers));
  const { recipe } = parseRecipe(frankenmerge(layers), { file: "r.yml" });
  const headers = new Map(models.map((model) => [model.reference, model]));
  const plan = planMerge(recipe, headers, { methods: METHODS, maxShardBytes: 5e9 });
  return { plan, reads: models.reduce((sum, { tensors }) => sum + tensors.reads, 0) };
}

describe("the cost of planning", () => {
  it("of a model of 105 billion parameters, stacked from three of 70, is a few reads for each of its inputs", () => {
    const { plan, reads } = planOf(80);
    assert.equal(plan.layerCount, 120);
    assert.ok(plan.output.parameterCount > 100e9);
    const inputs = plan.tensors.reduce((sum, tensor) => sum + tensor.inputs.length + 1, 0);
    assert.equal(inputs, 3 * plan.tensors.length);
    // Each slice goes through the names of its models: twelve slices of 80 layers for 120 layers of output.
    assert.ok(reads < 24 * inputs, `${reads} reads for ${inputs} inputs`);
  });

  it("grows with the number of slices times that of tensors, and no faster", () => {
    const [small, large] = [planOf(20).reads, planOf(40).reads];
    assert.ok(large < 4.2 * small, `${small} reads, then ${large}`);
  });
});

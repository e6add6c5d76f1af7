import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parse } from "yaml";
import { defineMethod } from "../../src/methods/define.ts";
import { modelStock } from "../../src/methods/model-stock.ts";
import { weightedSum } from "../../src/methods/combination.ts";
import { renderModelCard } from "../../src/sink/model-card.ts";
import type { LockedInput } from "../../src/lock/lock-file.ts";
import type { MergePlan } from "../../src/plan/types.ts";
import { smallPlan } from "./small-plan.ts";

const RECIPE = "base_model: org/base\nmodels:\n  - model: org/ft-a@v2+org/lora\n  - model: ./ft-b\n";

function frontMatter(card: string): unknown {
  return parse(card.split("---\n")[1] ?? "");
}

describe("the model card", () => {
  it("names title, method with its link, base, models and recipe in mergekit's order", () => {
    const card = renderModelCard("/out/my-merge", smallPlan({ donor: "/cache/base" }), RECIPE);
    assert.equal(
      card,
      `---
base_model:
- org/base
- org/ft-a
- org/lora
library_name: transformers
tags:
- mergekit
- merge
- stockpot
---
# my-merge

A merge of the models below into one set of weights, made with Stockpot.

## Merge method

[Model Stock](https://arxiv.org/abs/2403.19522), using [org/base](https://huggingface.co/org/base) as base.

${modelStock.summary}

\`\`\`text
${modelStock.formula}
\`\`\`

Its parameters: \`stockpot methods model_stock\`.

## Models

- [org/ft-a@v2+org/lora](https://huggingface.co/org/ft-a)
- \`./ft-b\`

## Recipe

\`\`\`yaml
${RECIPE}\`\`\`
`,
    );
  });

  it("names the library that loads the weights", () => {
    const plan = smallPlan({ donor: "/cache/base" });
    const shards = plan.output.shards.map((shard) => ({
      ...shard,
      name: "diffusion_pytorch_model.safetensors",
    }));
    const libraryOf = (changed: MergePlan) =>
      (frontMatter(renderModelCard("/out/x", changed, RECIPE)) as Record<string, unknown>)["library_name"];
    assert.equal(libraryOf({ ...plan, output: { ...plan.output, shards } }), "diffusers");
    const sideFiles = [{ name: "modules.json", byteLength: 9 }];
    assert.equal(libraryOf({ ...plan, sideFiles }), "sentence-transformers");
  });

  it("lists no local folder as a repository of the Hub", () => {
    const plan = smallPlan({ donor: "/home/me/org/base" });
    const local = ["./x", "/abs/x", "~/x", "a/b/c", "C:\\x\\y", "gpt2"].map((reference) => ({
      reference,
      location: reference === "gpt2" ? "/home/me/gpt2" : reference,
      role: "model" as const,
      files: [],
      readBytes: 0,
    }));
    const models = [...plan.models.slice(0, 1), ...local];
    assert.deepEqual(frontMatter(renderModelCard("out", { ...plan, models }, RECIPE)), {
      base_model: [],
      library_name: "transformers",
      tags: ["mergekit", "merge", "stockpot"],
    });
  });

  it("quotes ids that YAML would read as another type", () => {
    const plan = smallPlan({ donor: "/cache" });
    const references = ["123", "no", "1e5", "null", "0x1/0x2"];
    const models = references.map((reference) => ({
      reference,
      location: "/cache/snapshot",
      role: "model" as const,
      files: [],
      readBytes: 0,
    }));
    const card = renderModelCard("out", { ...plan, models }, RECIPE);
    assert.deepEqual((frontMatter(card) as { base_model: unknown }).base_model, references);
    assert.equal(card.includes('- "no"\n'), true);
  });

  it("names the methods of overrides with their number of tensors, the caller's own included", () => {
    const mine = defineMethod({
      name: "mine",
      title: "My method",
      summary: "",
      formula: "",
      base: "optional",
      models: { min: 1 },
      parameters: {},
      whenMissing: "error",
      symmetric: true,
      solve: () => ({
        combination: weightedSum([1]),
      }),
    });
    const plan = smallPlan({
      donor: "/cache",
      shards: 4,
      overrides: { 0: "mine", 1: "linear", 2: "linear" },
    });
    const card = renderModelCard("out", plan, RECIPE, [mine]);
    assert.match(
      card,
      /\nOther methods, by overrides of the recipe: My method \(1 tensor\), .*Linear.* \(2 tensors\)\.\n/,
    );
  });

  it("cannot be broken out of by a recipe, a reference or a folder's name", () => {
    const plan = smallPlan({ donor: "/cache" });
    const models = [
      { reference: "a`b\n# c", location: "/x", role: "model" as const, files: [], readBytes: 0 },
    ];
    const card = renderModelCard("/out/a\n# b", { ...plan, models }, "x: |\n  ```\n  ````");
    assert.equal(card.includes("\n# a # b\n"), true);
    assert.equal(card.includes("- `` a`b # c ``\n"), true);
    assert.equal(card.endsWith("`````yaml\nx: |\n  ```\n  ````\n`````\n"), true);
  });

  it("says which overrides were followed: method, changed parameters, layers and tensors", () => {
    const plan = smallPlan({ donor: "/base", shards: 9, overrides: { 7: "linear" } });
    const tensors = plan.tensors.map((tensor, k) => {
      if (k === 7) return { ...tensor, override: 0, parameters: { normalize: true } };
      if (k < 3 || k === 5)
        return { ...tensor, override: 2, parameters: { theta: "cosine", granularity: "row" } };
      return k === 8 ? { ...tensor, override: 1, layer: undefined, name: "a`b" } : tensor;
    });
    const card = renderModelCard("/out/x", { ...plan, tensors } as MergePlan, RECIPE);
    const name = (k: number) => `\`model.layers.${String(k)}.mlp.weight\``;
    assert.ok(
      card.includes(
        "## Overrides\n\n" +
          `- [Linear](https://arxiv.org/abs/2203.05482) at 1 tensor in layer 7: ${name(7)}\n` +
          "- [Model Stock](https://arxiv.org/abs/2403.19522) at 1 tensor: `` a`b ``\n" +
          "- [Model Stock](https://arxiv.org/abs/2403.19522) (granularity row) at 4 tensors in layers 0-2, 5: " +
          `${name(0)}, ${name(1)}, ${name(2)}, ${name(5)}\n`,
      ),
      card,
    );
  });

  it("ends with the digests of the recipe and of the weights, and the commits of models of the Hub", () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    const shards = Array.from({ length: 30 }, (_, k) => ({ name: `model-${k}.safetensors`, byteLength: 1 }));
    const inputs: LockedInput[] = [
      {
        reference: "org/base",
        role: "base",
        repo: "org/base",
        revision: "c".repeat(40),
        files: [
          { name: "model.safetensors", byteLength: 1, sha256: a },
          { name: "2_Dense/model.safetensors", byteLength: 1, sha256: b },
          { name: "config.json", byteLength: 1, sha256: b },
        ],
      },
      { reference: "./ft|b", role: "model", files: [{ name: "pytorch_model.bin", byteLength: 1 }] },
      { reference: "./large", role: "model", files: shards },
    ];
    const card = renderModelCard("/out/x", smallPlan({ donor: "/base" }), RECIPE, [], inputs);
    const digest = createHash("sha256").update(RECIPE).digest("hex");
    const [, provenance = ""] = card.split("## Provenance\n\n");
    assert.ok(provenance.startsWith(`The recipe has the SHA-256 \`${digest}\`. `));
    assert.deepEqual(provenance.trimEnd().split("\n").slice(-3), [
      `| \`org/base\` | \`${"c".repeat(40)}\` | \`model.safetensors\` | \`${a}\` |`,
      "| `./ft\\|b` |  | `pytorch_model.bin` |  |",
      "| `./large` |  | 30 files |  |",
    ]);
  });

  it("never shows a token", () => {
    const token = `hf_${"Xy9".repeat(12)}`;
    const plan = smallPlan({ donor: "/base" });
    const models = plan.models.map((model) => ({ ...model, reference: `https://me:${token}@example.org/x` }));
    const card = renderModelCard("/out/x", { ...plan, models }, `# ${token}\n`);
    assert.ok(!card.includes(token), card);
  });
});

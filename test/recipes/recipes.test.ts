import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { METHODS, parseRecipes } from "../../src/index.ts";
import type { Recipe } from "../../src/index.ts";
import { referencedModels } from "../../src/recipe/references.ts";
import { runCli } from "../cli/captured-io.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { llama } from "../fixtures/tiny-architectures.ts";
import type { TinyArchitecture } from "../fixtures/tiny-architectures.ts";
import { DECODERS } from "../fixtures/tiny-decoders.ts";
import { makeTinyFamily, writeTinyModel } from "../fixtures/tiny-models.ts";
import { PARTS } from "../fixtures/tiny-parts.ts";

const FOLDER = "test/recipes";
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".yml"));

/** What the first line of a recipe says of its models: "llama, 4 layers", "qwen2". */
function architectureOf(text: string): TinyArchitecture {
  const [, name = "", tied, layers = "3"] = /^# ([\w ]+?)(, tied)?(?:, (\d+) layers)?\n/.exec(text) ?? [];
  const known: Readonly<Record<string, TinyArchitecture>> = { ...DECODERS, ...PARTS };
  return known[name] ?? llama(Number(layers), tied !== undefined);
}

/** Layers that a recipe with slices gives: a number for each stack, by its beginning. */
const slicedLayers = ({ modules }: Recipe) =>
  modules
    .filter(({ sliced }) => sliced)
    .map(({ slices }) =>
      slices.reduce(
        (sum, { sources: [source] }) => sum + (source?.layerRange?.[1] ?? 0) - (source?.layerRange?.[0] ?? 0),
        0,
      ),
    );

const withMethods = (text: string) =>
  [...text.matchAll(/^merge_method: (\w+)$/gm)].every(([, name]) =>
    METHODS.some((method) => method.name === name),
  );

describe("Recipes in the style of mergekit's documentation", () => {
  const inFolder = useTemporaryFolder();

  for (const file of FILES) {
    const path = join(FOLDER, file);
    const text = readFileSync(path, "utf8");
    it(`run unchanged on toy models: ${file}`, async function () {
      if (!withMethods(text)) this.skip();
      const { intermediates, output } = parseRecipes(text, { file: path });
      const results = new Set(intermediates.map(({ name }) => name));
      const references = [...intermediates, output].flatMap(referencedModels).map((model) => model.path);
      const paths = [...new Set(references)].filter((name) => !results.has(name));
      const architecture = architectureOf(text);
      const { models } = makeTinyFamily({ architecture, fineTunes: paths.length, dtype: "BF16" });
      const folder = inFolder(file);
      for (const [i, name] of paths.entries()) {
        const model = models[i];
        assert.ok(model !== undefined);
        await writeTinyModel(join(folder, name), model);
      }
      // Beside its models, which are found from there: nothing in the recipe is changed.
      await copyFile(path, join(folder, "recipe.yml"));
      const out = join(folder, "out");
      const { status, stderr } = await runCli([
        "merge",
        join(folder, "recipe.yml"),
        out,
        "--copy-tokenizer",
        "--allow-crimes",
      ]);
      assert.equal(status, 0, stderr);

      const merged = readWeights(out);
      for (const [name, { values }] of merged) assert.ok(values.every(Number.isFinite), name);
      const layers = slicedLayers(output);
      const expected = architecture.tensors.map(({ name }) => name);
      if (layers.length === 0) assert.deepEqual([...merged.keys()].sort(), expected.sort());
      const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as Record<string, unknown>;
      const textConfig = config["text_config"] as Record<string, unknown> | undefined;
      for (const count of layers) {
        assert.equal((textConfig ?? config)["num_hidden_layers"], count);
        const numbers = [...merged.keys()].flatMap(
          (name) => /(?:^|\.)layers\.(\d+)\..*proj/.exec(name)?.[1] ?? [],
        );
        assert.equal(Math.max(...numbers.map(Number)), count - 1);
      }
    });
  }

  it("use every part of its language", () => {
    const texts = FILES.map((file) => readFileSync(join(FOLDER, file), "utf8"));
    const uses = (pattern: RegExp) => texts.some((text) => pattern.test(text));
    for (const part of [
      /^slices:/m,
      /^modules:/m,
      /^---$/m,
      /override_architecture/,
      /out_dtype/,
      /filter: /,
      /int8_mask/,
      /<<:/,
    ]) {
      assert.ok(uses(part), String(part));
    }
  });
});

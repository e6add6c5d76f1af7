import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { runCli } from "./cli/captured-io.ts";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { METHODS, parseRecipes } from "../src/index.ts";

const FIRST_LINE = "# yaml-language-server: $schema=../schemas/recipe.schema.json\n";
const RECIPES = readdirSync("recipes")
  .filter((name) => name.endsWith(".yml"))
  .map((name) => `recipes/${name}`);
/** Runs a program, which a recipe may only where the user allows it. */
const WITH_CODE = ["recipes/glyphs-evaluate-command.yml"];

const outputOf = (file: string) => parseRecipes(readFileSync(file, "utf8"), { file }).output;

describe("The recipes in recipes/", () => {
  const inFolder = useTemporaryFolder();
  const base = readWeights("demo/glyphs/base");

  it("have one for every merge method", () => {
    const methods = RECIPES.map((file) => outputOf(file).mergeMethod);
    assert.deepEqual([...new Set(methods)].sort(), METHODS.map(({ name }) => name).sort());
  });

  for (const recipe of RECIPES) {
    it(`tell editors their schema: ${recipe}`, () => {
      assert.ok(readFileSync(recipe, "utf8").startsWith(FIRST_LINE));
    });

    it(`merge without a warning into a whole model: ${recipe}`, async () => {
      const code = WITH_CODE.includes(recipe) ? ["--allow-code"] : [];
      const environment = { PATH: process.env["PATH"] };
      const { status, stderr } = await runCli(["merge", recipe, inFolder(recipe), "--quiet", ...code], {
        environment,
      });
      assert.equal(status, 0, stderr);
      assert.equal(stderr, "");
      const merged = readWeights(inFolder(recipe));
      const isStacked = outputOf(recipe).modules.some(({ sliced }) => sliced);
      if (!isStacked) assert.deepEqual([...merged.keys()].sort(), [...base.keys()].sort());
      for (const [name, { shape, values }] of merged) {
        // A layer more has the shapes of any other.
        const like = base.get(name) ?? base.get(name.replace(/\.layers\.\d+\./, ".layers.0."));
        assert.deepEqual(shape, like?.shape, name);
        assert.ok(values.every(Number.isFinite), name);
      }
    });
  }
});

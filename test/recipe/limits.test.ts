import assert from "node:assert/strict";
import fc from "fast-check";
import { RecipeError } from "../../src/errors.ts";
import * as limits from "../../src/recipe/limits.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { parse, problemsOf } from "./faults.ts";

const MODEL = "merge_method: passthrough\nmodels: [{model: a}]\n";

/** Aliases to aliases, each doubling what it stands for: 2 to the power of `doublings` values. */
function laughs(doublings: number): string {
  const lines = Array.from({ length: doublings }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}]`);
  return `${MODEL}l0: &l0 ha\n${lines.join("\n")}\n`;
}

/** Each level refers to the one before: as deep as there are lines. */
function ladder(rungs: number): string {
  const lines = Array.from({ length: rungs }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}]`);
  return `${MODEL}l0: &l0 ha\n${lines.join("\n")}\n`;
}

function onlyProblem(text: string): string {
  const problems = problemsOf(text);
  assert.equal(problems.length, 1, problems.map(({ message }) => message).join("\n"));
  assert.equal(problems[0]?.code, "RECIPE_LIMIT");
  return problems[0].message;
}

describe("A recipe beyond a limit", () => {
  it("is refused by its size in bytes, of which letters may take several", () => {
    const filler = (bytes: number) => `${MODEL}# ${"é".repeat(bytes / 2 - 64)}\n`;
    assert.equal(parse(filler(limits.MAX_RECIPE_BYTES)).mergeMethod, "passthrough");
    assert.match(onlyProblem(filler(limits.MAX_RECIPE_BYTES + 256)), /larger than 1048576 bytes/);
  });

  it("is refused by its number of YAML tokens", () => {
    assert.match(onlyProblem(`a: [${"1,".repeat(limits.MAX_TOKENS / 2)}]`), /more than 100000 YAML tokens/);
  });

  it("is refused by its depth, before anything recursive sees it", () => {
    for (const open of ["[", "{a: ", "- ", "? ", "a: "]) {
      assert.match(onlyProblem(open.repeat(200_000)), /nested more than 32 deep/, open);
    }
    const indented = Array.from({ length: 100 }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
    assert.match(onlyProblem(indented), /nested more than 32 deep/);
  });

  it("is refused when aliases grow it exponentially or make it deep", () => {
    assert.match(onlyProblem(laughs(30)), /aliases expanded there are more than 100000 values/);
    assert.match(onlyProblem(ladder(60)), /aliases expanded, values are nested more than 32 deep/);
    assert.ok(problemsOf(laughs(10)).every(({ code }) => code === "RECIPE_UNKNOWN_KEY"));
  });

  it("is refused by the length of its lists and names", () => {
    const models = Array.from({ length: limits.MAX_MODELS + 1 }, (_, i) => `{model: m${i}}`).join(", ");
    assert.match(
      onlyProblem(`merge_method: linear\nmodels: [${models}]\nparameters: {weight: 1}\n`),
      /"models" has more than 1024 entries/,
    );
    const gradient = "1, ".repeat(limits.MAX_LIST_LENGTH + 1);
    assert.match(
      onlyProblem(`merge_method: linear\nmodels: [{model: a}]\nparameters: {weight: [${gradient}]}\n`),
      /"weight" has more than 4096 entries/,
    );
    const name = "m".repeat(limits.MAX_NAME_LENGTH + 1);
    assert.match(
      onlyProblem(`merge_method: passthrough\nmodels: [{model: ${name}}]\n`),
      /"models\[0\]\.model" has more than 4096 characters/,
    );
  });

  it("shows a long line only around the place", () => {
    const [problem] = problemsOf(`${MODEL}dtype: [${"x".repeat(5000)}, 1]\n`);
    const [line = "", carets = ""] = (problem?.frame ?? "").split("\n");
    assert.ok(line.length < 140 && carets.length < 140);
  });
});

describe("Any text at all", () => {
  const structural = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "models",
          "merge_method",
          "parameters",
          "weight",
          "linear",
          "slices",
          "overrides",
          "tensors",
        ),
        fc.constantFrom(
          ": ",
          "\n",
          "\n  ",
          "- ",
          "{",
          "}",
          "[",
          "]",
          ", ",
          "&a ",
          "*a",
          "<<: ",
          "!!str ",
          "'",
          '"',
          "|\n",
          "#",
          "?",
        ),
        fc.string({ maxLength: 4 }),
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(""));

  it("is a recipe or a RecipeError with places, never another failure", () => {
    fc.assert(
      fc.property(fc.oneof(structural, fc.string()), (text) => {
        try {
          parseRecipe(text, { file: "f" });
        } catch (error) {
          assert.ok(error instanceof RecipeError, String(error));
          for (const { position, frame } of error.problems) {
            assert.ok(position !== undefined && position.line >= 1 && position.column >= 1);
            assert.match(frame ?? "", /\^/);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

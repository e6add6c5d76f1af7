import assert from "node:assert/strict";
import { RecipeError } from "../../src/errors.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import type { Problem } from "../../src/errors.ts";
import type { ParseOptions } from "../../src/recipe/parse.ts";
import type { Recipe } from "../../src/recipe/types.ts";

/** Text of a template literal without its first line break and common indentation. */
export function dedent(text: string): string {
  const lines = text.replace(/^\n/, "").replace(/\n *$/, "\n").split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  return lines.map((line) => line.slice(Math.min(...indents))).join("\n");
}

type Options = Omit<ParseOptions, "file">;

export function parse(text: string, options: Options = {}): Recipe {
  return parseRecipe(dedent(text), { file: "recipe.yml", ...options }).recipe;
}

export function warningsOf(text: string, options: Options = {}): readonly Problem[] {
  return parseRecipe(dedent(text), { file: "recipe.yml", ...options }).warnings;
}

/** All problems of a recipe that must be refused. */
export function problemsOf(text: string, options: Options = {}): readonly Problem[] {
  try {
    parseRecipe(text.startsWith("\n") ? dedent(text) : text, { file: "recipe.yml", ...options });
  } catch (error) {
    assert.ok(error instanceof RecipeError, String(error));
    assert.equal(error.exitStatus, 3);
    return error.problems;
  }
  assert.fail("the recipe was accepted");
}

/** `line:column CODE message`, one line for each problem. */
export function summary(problems: readonly Problem[]): string[] {
  return problems.map(({ position, code, message }) => {
    return `${position?.line ?? 0}:${position?.column ?? 0} ${code} ${message}`;
  });
}

import { RecipeError, UsageError } from "../errors.ts";
import { METHODS } from "../methods/index.ts";
import { coerceRecipe } from "./coerce.ts";
import { checkContract } from "./contract.ts";
import { linkDocuments } from "./documents.ts";
import { Normalizer } from "./normalize.ts";
import { RecipeProblems } from "./problems.ts";
import { child } from "./tree.ts";
import { validate } from "./validate.ts";
import { readYaml } from "./yaml.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { RecipeDocument } from "./documents.ts";
import type { MapNode } from "./tree.ts";
import type { ParsedRecipe, ParsedRecipes } from "./types.ts";

export interface ParseOptions {
  /** Name for messages: the path as the user wrote it. */
  readonly file: string;
  /** Methods of the caller's own, besides the built-in ones. */
  readonly methods?: readonly AnyMethod[] | undefined;
  /** Unknown keys and parameters become warnings, and are ignored as mergekit ignores them. */
  readonly lenient?: boolean | undefined;
}

/** The built-in methods and the caller's own. */
export function allMethods(own: readonly AnyMethod[] = []): readonly AnyMethod[] {
  if (own.length === 0) return METHODS;
  const all = [...METHODS, ...own];
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) !== i);
  if (twice === undefined) return all;
  throw new UsageError("USAGE", `There are two merge methods named "${twice.name}".`, { where: twice.name });
}

/**
 * Reads and checks a file of one or several recipes. Throws one RecipeError with all that is wrong in `problems`, in the
 * order of the text.
 */
export function parseRecipes(text: string, options: ParseOptions): ParsedRecipes {
  const methods = allMethods(options.methods);
  const problems = new RecipeProblems(text, options.file);
  const trees = readYaml(text, problems);
  const documents = trees.map((tree) => {
    const documentText = trees.length === 1 ? text : `${text.slice(tree.offset, tree.end).trimEnd()}\n`;
    return parseTree(tree, { ...options, methods, text, documentText }, problems);
  });
  const linked = linkDocuments(documents, problems);
  problems.throwIfErrors();
  return { ...linked, warnings: problems.list() };
}

export interface DocumentOptions extends ParseOptions {
  readonly methods: readonly AnyMethod[];
  readonly text: string;
  readonly documentText: string;
}

/** One recipe of a text, or one made from it; what is wrong goes to `problems`. */
export function parseTree(
  root: MapNode,
  { file, methods, text, documentText, lenient = false }: DocumentOptions,
  problems: RecipeProblems,
): RecipeDocument {
  const tree = coerceRecipe(root, methods);
  const { understood, misspelt } = validate({ tree, methods, problems, lenient });
  const recipe = new Normalizer(tree, methods, problems).recipe(file, text, documentText);
  if (understood && !problems.hasErrorOf("RECIPE_MODEL_REFERENCE")) {
    const methodPosition = problems.position((child(tree, "merge_method") ?? tree).offset);
    checkContract({ recipe, methods, problems, lenient, misspelt, methodPosition });
  }
  return { recipe, position: problems.position((child(tree, "name") ?? tree).offset) };
}

/** The same for a file of a single recipe; refuses several. */
export function parseRecipe(text: string, options: ParseOptions): ParsedRecipe {
  const { intermediates, output, warnings } = parseRecipes(text, options);
  if (intermediates.length === 0) return { recipe: output, warnings };
  throw new RecipeError("RECIPE_DOCUMENTS", `${options.file} holds several recipes.`, {
    where: options.file,
    hint: "Read it with parseRecipes.",
  });
}

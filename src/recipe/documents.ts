import { didYouMean } from "../nearest.ts";
import { referencedModels } from "./references.ts";
import type { Position } from "../errors.ts";
import type { ModelReference } from "../sources/types.ts";
import type { RecipeProblems } from "./problems.ts";
import type { NamedRecipe, ParsedRecipes, Recipe } from "./types.ts";

/** One recipe of a file, and where it says its name or begins. */
export interface RecipeDocument {
  readonly recipe: Recipe;
  readonly position: Position;
}

/** Names become names of folders, on every operating system. */
const NAME = /^[^\s.<>:"/\\|?*][^<>:"/\\|?*]*(?<![\s.])$/;

/** True if a reference means the result of another recipe of the file: its name stands for a path. */
export function meansDocument({ path, revision, lora }: ModelReference, names: ReadonlySet<string>): boolean {
  return revision === undefined && lora === undefined && names.has(path);
}

class Links {
  readonly #documents: readonly RecipeDocument[];
  readonly #problems: RecipeProblems;
  readonly #byName = new Map<string, RecipeDocument>();
  readonly #done = new Set<RecipeDocument>();
  readonly #order: RecipeDocument[] = [];

  constructor(documents: readonly RecipeDocument[], problems: RecipeProblems) {
    this.#documents = documents;
    this.#problems = problems;
    for (const document of documents) this.#checkName(document);
  }

  #error(at: Position, message: string, hint: string): void {
    this.#problems.error("RECIPE_DOCUMENTS", at, message, hint);
  }

  #checkName(document: RecipeDocument): void {
    const { recipe, position } = document;
    const { name } = recipe;
    if (name === undefined) return;
    const earlier = this.#byName.get(name);
    if (earlier !== undefined) {
      const message = `"${name}" is also the name of the recipe on line ${earlier.position.line}.`;
      this.#error(position, message, "Give each recipe a name of its own.");
      return;
    }
    if (!NAME.test(name)) {
      this.#error(position, `"${name}" cannot be the name of a folder.`, "Use letters, digits, - and _.");
    }
    this.#byName.set(name, document);
  }

  /** The recipe without a name, or if all have one, the last that no other one uses. */
  output(): RecipeDocument | undefined {
    const [unnamed, ...others] = this.#documents.filter(({ recipe }) => recipe.name === undefined);
    for (const { position } of others) {
      const message = `Two recipes have no name; the first begins on line ${unnamed?.position.line ?? 0}.`;
      this.#error(position, message, "Name all but the one whose result is the output.");
    }
    const used = new Set(this.#documents.flatMap((document) => this.uses(document)));
    const unused = this.#documents.filter((document) => !used.has(document));
    return unnamed ?? unused.at(-1) ?? this.#documents.at(-1);
  }

  uses({ recipe }: RecipeDocument): RecipeDocument[] {
    return referencedModels(recipe).flatMap((model) => {
      this.#checkPlain(model);
      return meansDocument(model, new Set(this.#byName.keys())) ? (this.#byName.get(model.path) ?? []) : [];
    });
  }

  #checkPlain({ path, revision, lora }: ModelReference): void {
    const named = this.#byName.get(path);
    if (named === undefined) return;
    if (revision !== undefined) {
      const message = `"${path}@${revision}" names a revision of another recipe's result, which has none.`;
      this.#error(named.position, message, `Write ${path}.`);
    } else if (lora !== undefined) {
      const message = `"${path}+${lora.path}" adds an adapter to another recipe's result, which is in no folder yet.`;
      this.#error(
        named.position,
        message,
        `Merge it before, in a file of its own, and name its folder: ./${path}.`,
      );
    }
  }

  /** Puts what a recipe uses before it. */
  visit(document: RecipeDocument, trail: readonly RecipeDocument[]): void {
    if (this.#done.has(document)) return;
    const start = trail.indexOf(document);
    if (start >= 0) {
      this.#reportCircle([...trail.slice(start), document]);
      return;
    }
    for (const used of this.uses(document)) this.visit(used, [...trail, document]);
    if (!this.#done.has(document)) this.#order.push(document);
    this.#done.add(document);
  }

  #reportCircle(circle: readonly RecipeDocument[]): void {
    const names = circle.map(({ recipe }) => recipe.name ?? "the output");
    const [first] = circle;
    if (first === undefined) return;
    const message =
      names.length === 2
        ? `${names[0] ?? ""} takes its own result as a model.`
        : `Recipes take each other's results in a circle: ${names.join(" needs ")}.`;
    const hint = `If a folder of that name is meant, write ./${first.recipe.name ?? ""}.`;
    this.#error(first.position, message, hint);
  }

  reportUnused(): void {
    for (const { recipe, position } of this.#documents) {
      if (this.#order.some((each) => each.recipe === recipe)) continue;
      const message = `No recipe uses the result of "${recipe.name ?? ""}", so it is not made.`;
      const used = this.#documents
        .flatMap((document) => referencedModels(document.recipe))
        .map(({ path }) => path);
      const near = didYouMean(recipe.name ?? "", used);
      this.#problems.warn(
        "RECIPE_DOCUMENTS",
        position,
        message + near,
        "Use its name as a model, or remove it.",
      );
    }
  }

  /** Only the output is scored. */
  reportMisplaced(output: RecipeDocument): void {
    for (const { recipe } of this.#documents) {
      if (recipe === output.recipe || recipe.evaluate === undefined) continue;
      const message = `"evaluate" has no effect in "${recipe.name ?? ""}", whose result others take.`;
      const { position } = recipe.evaluate;
      this.#problems.warn(
        "RECIPE_MISPLACED_PARAMETER",
        position,
        message,
        "Move it to the recipe of the output.",
      );
    }
  }

  get order(): readonly RecipeDocument[] {
    return this.#order;
  }
}

/** Finds the output among the recipes of a file, and the order in which those that it needs can be merged. */
export function linkDocuments(
  documents: readonly RecipeDocument[],
  problems: RecipeProblems,
): Omit<ParsedRecipes, "warnings"> {
  const links = new Links(documents, problems);
  const output = links.output();
  if (output === undefined)
    return problems.fail("RECIPE_MISSING_KEY", { offset: 0, end: 0 }, "The recipe is empty.", "");
  links.visit(output, []);
  if (!problems.hasErrors) {
    links.reportUnused();
    links.reportMisplaced(output);
  }
  const needed = links.order.filter((document) => document !== output).map(({ recipe }) => recipe);
  return {
    intermediates: needed.filter((recipe): recipe is NamedRecipe => recipe.name !== undefined),
    output: output.recipe,
  };
}

import { RecipeProblems } from "./problems.ts";
import { children, text as textOf } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** Begins with ./ or ../ or is absolute: never a package, a URL or a Hub id. */
const LOCAL_MODULE = /^(?:\.{1,2}[\\/]|[\\/]|[A-Za-z]:[\\/])(?:.*[\\/])?[^\\/]+\.m?js$/;

export interface ModuleOptions {
  /** Name of the recipe for messages. */
  readonly file: string;
  /** Whether code that a recipe names may run. */
  readonly allowCode?: boolean | undefined;
}

/**
 * The paths under `methods` in all recipes of a text, before it is parsed: parsing needs the methods that are there.
 * Throws a RecipeError if one is not a local path, or code is not allowed.
 */
export function methodModulesIn(text: string, { file, allowCode = false }: ModuleOptions): string[] {
  // Nearly all recipes have none, and need not be read twice.
  if (!text.includes("methods")) return [];
  const problems = new RecipeProblems(text, file);
  const nodes = readYaml(text, problems).flatMap((tree) => children(tree, "methods"));
  const paths = nodes.flatMap((node) => {
    const path = textOf(node);
    if (path === undefined) return [];
    if (!LOCAL_MODULE.test(path)) {
      const message = `"${path}" is not the path of a local module.`;
      problems.error(
        "RECIPE_METHOD_MODULE",
        node,
        message,
        'Write it like "./my-method.js", from the recipe\'s folder.',
      );
    } else if (!allowCode) {
      const message = `The recipe wants to run the code in ${path}.`;
      const hint = "If you trust it, pass --allow-code, or allowCode: true to the library.";
      problems.error("RECIPE_CODE", node, message, hint);
    }
    return [path];
  });
  problems.throwIfErrors();
  return paths;
}

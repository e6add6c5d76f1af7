import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderReference } from "../cli/reference.ts";
import { lockSchema } from "../lock/lock-file.ts";
import { METHODS } from "../methods/index.ts";
import { parseRecipes } from "../recipe/parse.ts";
import { recipeSchema } from "../recipe/schema.ts";
import { reportSchema } from "../report/report-types.ts";
import type { CompareReport } from "../report/report-types.ts";
import { DEMO_REPORT, demoImages, demoResults } from "./demo-results.ts";
import { errorsPage } from "./errors-page.ts";
import { fillBlock } from "./markdown.ts";
import { methodIndex, methodPage, methodTable } from "./method-pages.ts";

/** Everything in this folder is generated; what no method asks for any more is removed. */
export const METHODS_FOLDER = "docs/methods";

/** Names of the files in recipes/ that run each method, overrides included. */
function recipesByMethod(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(join(root, "recipes"))
    .filter((each) => each.endsWith(".yml"))
    .sort()) {
    const file = join("recipes", name);
    const { intermediates, output } = parseRecipes(readFileSync(join(root, file), "utf8"), { file });
    const methods = [...intermediates, output].flatMap(({ mergeMethod, overrides }) => [
      mergeMethod,
      ...overrides.flatMap((override) => override.mergeMethod ?? []),
    ]);
    for (const method of new Set(methods)) {
      found.set(method, [...(found.get(method) ?? []), name]);
    }
  }
  return found;
}

/** The text of every generated file, by its path below the root of the repository. */
export function generatedFiles(root: string): ReadonlyMap<string, string> {
  const recipes = recipesByMethod(root);
  const demo = JSON.parse(readFileSync(join(root, DEMO_REPORT), "utf8")) as CompareReport;
  const readme = fillBlock(readFileSync(join(root, "README.md"), "utf8"), "demo", demoResults(demo));
  return new Map([
    ["schemas/recipe.schema.json", `${JSON.stringify(recipeSchema(), null, 2)}\n`],
    ["schemas/report.schema.json", `${JSON.stringify(reportSchema(), null, 2)}\n`],
    ["schemas/lock.schema.json", `${JSON.stringify(lockSchema(), null, 2)}\n`],
    ["docs/errors.md", errorsPage()],
    ["docs/cli.md", renderReference()],
    ["README.md", fillBlock(readme, "methods", `\n${methodTable(METHODS, `${METHODS_FOLDER}/`)}\n`)],
    [`${METHODS_FOLDER}/README.md`, methodIndex(METHODS)],
    ...demoImages(demo),
    ...METHODS.map((method): [string, string] => {
      return [`${METHODS_FOLDER}/${method.name}.md`, methodPage(method, recipes.get(method.name) ?? [])];
    }),
  ]);
}

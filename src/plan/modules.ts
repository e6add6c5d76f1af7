import { didYouMean } from "../nearest.ts";
import type { RecipeModule } from "../recipe/types.ts";
import { isLanguageHead, isTokenEmbedding, layerOf } from "../tensor/names.ts";
import { depthOf, stacksOf } from "../tensor/stacks.ts";
import type { PlanContext } from "./context.ts";
import { reportExtra } from "./match-tensors.ts";
import { claimOf } from "./module-names.ts";
import { DONOR } from "./models.ts";

/** A module of the recipe and the tensors that are its own. */
export interface Part {
  readonly module: RecipeModule;
  readonly owns: (name: string) => boolean;
}

/** A module that takes what no other one does. */
const REST = Symbol("rest");

/** Which tensors belong to which module; problems with it are reported. */
export function partsOf(context: PlanContext): Part[] {
  const { recipe, table } = context;
  const [only] = recipe.modules;
  if (only !== undefined && only.name === undefined) return [{ module: only, owns: () => true }];
  const names = new Set(table.headers.flatMap(({ tensors }) => [...tensors.keys()]));
  const owners = ownersOf(names, context);
  reportUnowned(owners, context);
  return recipe.modules.map((module) => ({ module, owns: (name) => owners.get(name) === module }));
}

function ownersOf(names: ReadonlySet<string>, context: PlanContext): Map<string, RecipeModule> {
  const claims = new Map<string | typeof REST, RecipeModule>();
  for (const module of context.recipe.modules) {
    for (const prefix of prefixesOf(module, names, context)) {
      const other = claims.get(prefix);
      if (other === undefined) claims.set(prefix, module);
      else reportSamePart(module, other, context);
    }
  }
  const owners = new Map<string, RecipeModule>();
  for (const name of names) {
    const owner = longestClaim(name, claims) ?? claims.get(REST);
    if (owner !== undefined) owners.set(name, owner);
  }
  // A head is of use only to the part that the embedding of its tokens is in.
  const embedding = [...owners.keys()].find(isTokenEmbedding);
  const text = embedding === undefined ? undefined : owners.get(embedding);
  for (const name of names)
    if (text !== undefined && !owners.has(name) && isLanguageHead(name)) owners.set(name, text);
  return owners;
}

function longestClaim(
  name: string,
  claims: ReadonlyMap<string | typeof REST, RecipeModule>,
): RecipeModule | undefined {
  for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
    const owner = claims.get(name.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

function prefixesOf(
  module: RecipeModule,
  names: ReadonlySet<string>,
  context: PlanContext,
): readonly (string | typeof REST)[] {
  const name = module.name ?? "";
  const { prefixes, together, takesRest } = claimOf(name, names);
  if (prefixes.length === 1 || (together && prefixes.length > 0)) return prefixes;
  if (prefixes.length > 1) {
    reportModule(
      module,
      context,
      `"${name}" is the name of several parts: ${prefixes.join(", ")}.`,
      "Name one of them.",
    );
    return [];
  }
  if (takesRest) return [REST];
  const parts = new Set([...names].flatMap((each) => (layerOf(each)?.prefix ?? each).split(".")));
  reportModule(
    module,
    context,
    `No tensor belongs to a part "${name}".${didYouMean(name, parts)}`,
    `A module is named like a piece of tensor names before the layer number${stackList(context)}.`,
  );
  return [];
}

function stackList({ table }: PlanContext): string {
  const stacks = [...stacksOf(table.at(DONOR).tensors.keys()).keys()];
  return stacks.length === 0 ? "" : `; the layers here are ${stacks.join(", ")}`;
}

function reportSamePart(module: RecipeModule, other: RecipeModule, context: PlanContext): void {
  const message = `"${other.name ?? ""}" and "${module.name ?? ""}" are the same part of the network.`;
  reportModule(module, context, message, "Keep one of them.");
}

function reportModule(module: RecipeModule, { findings }: PlanContext, message: string, hint: string): void {
  findings.add(`module|${module.name ?? ""}|${message}`, module.name ?? "", {
    code: "PLAN_MODULE",
    severity: "error",
    sentence: () => message,
    position: module.position,
    hint,
  });
}

/** What the donor has and no module takes would be missing from the output. */
function reportUnowned(owners: ReadonlyMap<string, RecipeModule>, context: PlanContext): void {
  const { recipe, table, findings } = context;
  const donor = table.at(DONOR);
  for (const model of table.headers) {
    for (const name of model.tensors.keys()) {
      if (!owners.has(name) && !donor.tensors.has(name)) reportExtra(name, model, context);
    }
  }
  const names = [...donor.tensors.keys()];
  const stacks = stacksOf(names);
  const position = recipe.modules[0]?.position;
  for (const name of names) {
    if (owners.has(name)) continue;
    const stack = stacks.get(layerOf(name)?.prefix ?? "");
    const hint = "Add a module for it, or one called default, which takes all that no other one does.";
    const details = { code: "PLAN_MODULE", severity: "error", hint, ...(position && { position }) } as const;
    if (stack === undefined) {
      const sentence = (list: string, count: number) =>
        `${count === 1 ? "A tensor" : `${count} tensors`} of ${donor.reference} ${count === 1 ? "is" : "are"} in no module: ${list}.`;
      findings.add("unowned", name, { ...details, sentence });
    } else {
      const sentence = () =>
        `The ${depthOf(stack)} layers in ${stack.prefix} of ${donor.reference} are in no module.`;
      findings.add(`unowned|${stack.prefix}`, stack.prefix, { ...details, sentence });
    }
  }
}

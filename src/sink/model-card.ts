import { basename } from "node:path";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import { withoutTokens } from "../lock/secrets.ts";
import { methodByName } from "../methods/index.ts";
import type { LockedInput } from "../lock/lock-file.ts";
import type { MergePlan, PlannedModel } from "../plan/types.ts";
import { renderOverrides } from "./card-overrides.ts";
import { renderProvenance } from "./card-provenance.ts";
import { codeSpan, fenced } from "./markdown.ts";

/** README.md of the output: front matter that the Hub reads, then what was merged, how, and from which files. */
export function renderModelCard(
  directory: string,
  plan: MergePlan,
  recipeText: string,
  methods: readonly AnyMethod[] = [],
  inputs?: readonly LockedInput[],
): string {
  const title = basename(directory).replace(/\p{Cc}/gu, " ") || "Merged model";
  const base = plan.models.find((model) => model.role === "base");
  const models = plan.models.filter((model) => model !== base);
  const sections = [
    `# ${title}`,
    "A merge of the models below into one set of weights, made with Stockpot.",
    "## Merge method",
    `${methodLink(plan.mergeMethod, methods)}${base === undefined ? "" : `, using ${modelLink(base)} as base`}.`,
    ...explanation(plan, methods),
    ...otherMethods(plan, methods),
    ...randomness(plan),
    ...moduleNote(plan),
    "## Models",
    models.map((model) => `- ${modelLink(model)}`).join("\n"),
    ...(plan.intermediates ?? []).map(({ name, plan: made }) => madeFrom(name, made, methods)),
    "## Recipe",
    fenced(recipeText),
    ...renderOverrides(plan, {
      linkTo: (name) => methodLink(name, methods),
      defaultOf: (method, parameter) => specsOf(method, methods)[parameter]?.default,
    }),
    ...renderProvenance(recipeText, inputs),
  ];
  return withoutTokens(`${frontMatter(modelsOnDisk(plan), libraryOf(plan))}\n${sections.join("\n\n")}\n`);
}

/** The models that the merge and those before it read, results of theirs left out. */
function modelsOnDisk({ models, intermediates = [] }: MergePlan): PlannedModel[] {
  const results = intermediates.map(({ name }) => name);
  const all = [...models, ...intermediates.flatMap(({ plan }) => plan.models)];
  return all.filter(({ reference }) => !results.includes(reference));
}

function madeFrom(name: string, plan: MergePlan, methods: readonly AnyMethod[]): string {
  const base = plan.models.find((model) => model.role === "base");
  const models = plan.models.filter((model) => model !== base).map(modelLink);
  const over = base === undefined ? "" : `, with ${modelLink(base)} as base`;
  return `${codeSpan(name)} is a merge of its own: ${methodLink(plan.mergeMethod, methods)} of ${models.join(", ")}${over}.`;
}

function frontMatter(models: readonly PlannedModel[], library: string): string {
  const ids = [...new Set(models.flatMap(hubIds))];
  return [
    "---",
    ids.length === 0 ? "base_model: []" : `base_model:\n${ids.map((id) => `- ${yamlString(id)}`).join("\n")}`,
    `library_name: ${library}`,
    "tags:\n- mergekit\n- merge\n- stockpot",
    "---",
  ].join("\n");
}

const libraryOf = ({ output, sideFiles }: MergePlan): string => {
  if (output.shards[0]?.name.startsWith("diffusion_") === true) return "diffusers";
  return sideFiles.some(({ name }) => name === "modules.json") ? "sentence-transformers" : "transformers";
};

const HUB_REFERENCE =
  /^(?<model>\w[\w.-]*(?:\/\w[\w.-]*)?)(?:@[^@+]*)?(?:\+(?<lora>\w[\w.-]*(?:\/\w[\w.-]*)?)(?:@[^@+]*)?)?$/;

/** Hub repositories of a reference, its LoRA included: spelt like ids, and not read from a local path of that name. */
function hubIds(model: PlannedModel): string[] {
  const { model: id, lora } = HUB_REFERENCE.exec(model.reference)?.groups ?? {};
  const folder = model.location.replaceAll("\\", "/");
  if (id === undefined || folder === id || folder.endsWith(`/${id}`)) return [];
  return lora === undefined ? [id] : [id, lora];
}

// Bare only where no YAML reader can see anything but a string: a name such as "123" or "no" would be another type.
const yamlString = (id: string) => (/^[A-Za-z][\w.-]*\/[\w.-]+$/.test(id) ? id : JSON.stringify(id));

function modelLink(model: PlannedModel): string {
  const [id] = hubIds(model);
  return id === undefined ? codeSpan(model.reference) : `[${model.reference}](https://huggingface.co/${id})`;
}

function methodLink(name: string, methods: readonly AnyMethod[]): string {
  const method = methodByName(name, methods);
  const title = method?.title ?? name;
  return method?.reference === undefined ? title : `[${title}](${method.reference.url})`;
}

const specsOf = (method: string, methods: readonly AnyMethod[]): ParameterSpecs =>
  (methodByName(method, methods)?.parameters ?? {}) as ParameterSpecs;

/** What the method does, for readers who have not got this program; its parameters are explained where it has them. */
function explanation({ mergeMethod }: MergePlan, methods: readonly AnyMethod[]): string[] {
  const method = methodByName(mergeMethod, methods);
  if (method === undefined) return [];
  // Methods of the user's own are known where their module is.
  const isOwn = methodByName(mergeMethod) === undefined;
  const parameters = isOwn ? [] : [`Its parameters: \`stockpot methods ${mergeMethod}\`.`];
  return [method.summary, fenced(method.formula, "text"), ...parameters];
}

/** The seed of each merge that depends on one. */
function randomness(plan: MergePlan): string[] {
  const plans = [...(plan.intermediates ?? []).map((made) => made.plan), plan];
  const seeds = new Set(plans.flatMap(({ random, seed }) => (random === true ? [seed] : [])));
  return seeds.size === 0 ? [] : [`Random choices were drawn with the seed ${[...seeds].join(", ")}.`];
}

/** Code that took part and that the output does not hold. */
function moduleNote({ methodModules = [] }: MergePlan): string[] {
  if (methodModules.length === 0) return [];
  const list = methodModules.map(({ path, sha256 }) => `${codeSpan(path)} (SHA-256 ${sha256})`);
  return [`With merge methods from ${list.join(", ")}.`];
}

/** Methods that overrides ask for, with the number of tensors. */
function otherMethods(plan: MergePlan, methods: readonly AnyMethod[]): string[] {
  const counts = new Map<string, number>();
  for (const tensor of plan.tensors) {
    if (tensor.method === plan.mergeMethod) continue;
    counts.set(tensor.method, (counts.get(tensor.method) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const list = [...counts].map(([name, count]) => `${methodLink(name, methods)} (${tensorCount(count)})`);
  return [`Other methods, by overrides of the recipe: ${list.join(", ")}.`];
}

const tensorCount = (count: number) => (count === 1 ? "1 tensor" : `${count} tensors`);

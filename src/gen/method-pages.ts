import { DEFAULT_METHOD } from "../methods/index.ts";
import { describeValues } from "../recipe/values.ts";
import { DO_NOT_EDIT, table } from "./markdown.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpec, ParameterSpecs } from "../methods/params.ts";

const BASES: Readonly<Record<AnyMethod["base"], string>> = {
  required: "required, apart from the models",
  optional: "apart from the models if given",
  ignored: "one of the models",
};

const WHEN_MISSING: Readonly<Record<AnyMethod["whenMissing"], string>> = {
  base: "where too few models have a tensor, the base's is taken",
  only: "a tensor that only one model has is taken as it is",
  error: "a tensor that too few models have is an error",
};

function modelCount({ models: { min, max } }: AnyMethod): string {
  if (max === undefined) return `${min} or more`;
  return min === max ? String(min) : `${min} to ${max}`;
}

function defaultOf(spec: ParameterSpec): string {
  if (spec.default !== undefined) return `\`${String(spec.default)}\``;
  return spec.optional === true ? "none" : "required";
}

function parameterRow([name, spec]: [string, ParameterSpec]): string[] {
  const scope = spec.scope === "model" ? "each model" : "all";
  const effect = spec.noEffect === undefined ? "" : ` No effect: ${spec.noEffect}`;
  return [`\`${name}\``, scope, describeValues(spec), defaultOf(spec), spec.doc + effect];
}

function parameterSection(method: AnyMethod): string {
  const specs = Object.entries(method.parameters as ParameterSpecs);
  if (specs.length === 0) return "None.";
  return table(["parameter", "for", "values", "default", "meaning"], specs.map(parameterRow));
}

function facts(method: AnyMethod): string {
  const passes = method.measure === undefined ? "one" : "two: measure, combine";
  return table(
    ["", ""],
    [
      ["base model", BASES[method.base]],
      ["models", modelCount(method)],
      ["order of the models", method.symmetric ? "does not matter" : "matters"],
      ["missing tensors", WHEN_MISSING[method.whenMissing]],
      ["passes over the inputs", passes],
    ],
  );
}

/** docs/methods/<name>.md; `recipes` are the names of the files in recipes/ that run the method. */
export function methodPage(method: AnyMethod, recipes: readonly string[]): string {
  const { reference } = method;
  const links = recipes.map((name) => `[recipes/${name}](../../recipes/${name})`);
  return [
    DO_NOT_EDIT,
    `# ${method.title}`,
    `\`merge_method: ${method.name}\`${method.name === DEFAULT_METHOD ? ", which may be left out" : ""}`,
    method.summary,
    `    ${method.formula}`,
    ...(method.details === undefined ? [] : [method.details]),
    facts(method),
    "## Parameters",
    parameterSection(method),
    ...(reference === undefined ? [] : [`Reference: [${reference.title}](${reference.url})`]),
    ...(links.length === 0 ? [] : [`Recipes: ${links.join(", ")}`]),
  ]
    .join("\n\n")
    .concat("\n");
}

/** All methods in a table; `folder` is the path from the page to docs/methods. */
export function methodTable(methods: readonly AnyMethod[], folder: string): string {
  const rows = methods.map((method) => {
    const name = `[\`${method.name}\`](${folder}${method.name}.md)`;
    return [name, method.summary, modelCount(method), BASES[method.base]];
  });
  return table(["method", "what it does", "models", "base model"], rows);
}

const LEFT_OUT =
  "PCB-Merging (`pcb`, https://arxiv.org/abs/2410.02396) is not here. Its authors' repository holds three variants and the " +
  "paper a fourth, so no result could be called the method's; and its scores compare entries over the whole model, which " +
  "streams only with two barriers at which every tensor must have been read.";

/** docs/methods/README.md. */
export function methodIndex(methods: readonly AnyMethod[]): string {
  const own = "A method of your own can be added by a recipe: [write-a-method.md](../write-a-method.md).";
  return [DO_NOT_EDIT, "# Merge methods", methodTable(methods, ""), own, "## Left out", LEFT_OUT]
    .join("\n\n")
    .concat("\n");
}

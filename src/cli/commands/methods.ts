import { describeValues, didYouMean, loadMethodModules, METHODS, UsageError } from "../../index.ts";
import type { AnyMethod, ParameterSpec } from "../../index.ts";
import type { Command } from "../command.ts";
import { textWidth } from "../io.ts";
import { plural } from "../quantities.ts";
import type { Style } from "../style.ts";
import { renderTable, wrapText } from "../table.ts";
import type { Cell } from "../table.ts";

export const methodsCommand: Command = {
  name: "methods",
  summary: "List the merge methods, or explain one.",
  description:
    "Lists the merge methods with their parameters; with a NAME, explains that one and shows a recipe for it. " +
    "NAME may also be a module with methods of your own, whose code is then run.",
  arguments: [{ name: "[NAME]", doc: "A merge method, as recipes spell it, or the path of a module." }],
  options: ["allowCode"],
  examples: [
    ["methods", "what there is"],
    ["methods model_stock", "formula, parameters, reference and a recipe"],
  ],
  async run({ io, options, style }, name?: string) {
    const width = textWidth(io.stdout);
    const found = name === undefined ? [] : await find(name, options.allowCode === true);
    const lines =
      name === undefined
        ? renderList(style, width)
        : found.flatMap((method, i) => [...(i === 0 ? [] : [""]), ...renderMethod(method, style, width)]);
    io.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  },
};

/** The built-in method of that name, or those of the module at that path. */
async function find(name: string, allowCode: boolean): Promise<readonly AnyMethod[]> {
  const method = METHODS.find((candidate) => candidate.name === name);
  if (method !== undefined) return [method];
  if (/\.m?js$/.test(name)) {
    if (allowCode) return (await loadMethodModules([name], ".")).flatMap(({ methods }) => methods);
    throw new UsageError("USAGE", `To show the methods in ${name} is to run its code.`, {
      hint: "If you trust it, add --allow-code.",
    });
  }
  const names = METHODS.map((candidate) => candidate.name);
  throw new UsageError("USAGE", `"${name}" is not a merge method.${didYouMean(name, names)}`, {
    hint: `There are ${names.join(", ")}.`,
  });
}

const specsOf = (method: AnyMethod) =>
  Object.entries(method.parameters as Readonly<Record<string, ParameterSpec>>);

function renderList(style: Style, width: number): string[] {
  const rows = METHODS.flatMap((method): Cell[][] => {
    const parameters = specsOf(method).map(([name]) => name);
    const list = parameters.length === 0 ? "no parameters" : parameters.join(", ");
    return [
      [[method.name, style.name], method.summary],
      ["", [list, style.dim]],
    ];
  });
  return renderTable(rows, "ll", { indent: "", width });
}

function renderMethod(method: AnyMethod, style: Style, width: number): string[] {
  const { reference, details } = method;
  const facts: Cell[][] = [[["inputs", style.dim], inputsOf(method)]];
  if (reference !== undefined) facts.push([["reference", style.dim], `${reference.title}, ${reference.url}`]);
  const parameters = specsOf(method).flatMap(([name, spec]): Cell[][] => [
    [
      [name, style.name],
      [valuesOf(spec), style.dim],
    ],
    ["", spec.noEffect === undefined ? spec.doc : `${spec.doc} ${spec.noEffect}`],
  ]);
  return [
    `${style.heading(method.title)}  ${style.name(method.name)}`,
    ...wrapText(method.summary, width),
    "",
    `  ${method.formula}`,
    "",
    ...(details === undefined ? [] : [...wrapText(details, width), ""]),
    ...renderTable(facts, "ll", { indent: "", width }),
    "",
    style.heading("Parameters"),
    ...(parameters.length === 0 ? ["  none"] : renderTable(parameters, "ll", { width })),
    "",
    style.heading("Recipe"),
    ...exampleRecipe(method).map((line) => `  ${line}`),
  ];
}

/** "a number from 0 to 1 for each model; default 1" */
function valuesOf(spec: ParameterSpec): string {
  const values = spec.scope === "model" ? `${describeValues(spec)} for each model` : describeValues(spec);
  if (spec.default !== undefined) return `${values}; default ${String(spec.default)}`;
  return spec.optional === true ? `${values}; may be absent` : `${values}; required`;
}

function inputsOf({ base, models }: AnyMethod): string {
  const { min, max } = models;
  const count =
    max === undefined
      ? `${plural(min, "model")} or more`
      : min === max
        ? plural(min, "model")
        : `${min} to ${max} models`;
  const bases = {
    required: "and a base model",
    optional: "and, if wanted, a base model",
    ignored: "without a base model",
  };
  return `${count} ${bases[base]}`;
}

/** The shortest recipe that the descriptor allows. */
function exampleRecipe(method: AnyMethod): string[] {
  const required = specsOf(method).filter(([, spec]) => spec.default === undefined && spec.optional !== true);
  const lineOf = ([name, spec]: [string, ParameterSpec]) => `${name}: ${String(exampleValue(spec))}`;
  const perModel = required.filter(([, spec]) => spec.scope === "model").map(lineOf);
  const global = required.filter(([, spec]) => spec.scope === "global").map(lineOf);
  const models = Array.from(
    { length: Math.max(method.models.min, Math.min(2, method.models.max ?? 2)) },
    (_, i) => [
      `  - model: ./fine-tune-${i + 1}`,
      ...(perModel.length === 0 ? [] : ["    parameters:", ...perModel.map((line) => `      ${line}`)]),
    ],
  );
  return [
    `merge_method: ${method.name}`,
    ...(method.base === "required" ? ["base_model: ./base"] : []),
    "models:",
    ...models.flat(),
    ...(global.length === 0 ? [] : ["parameters:", ...global.map((line) => `  ${line}`)]),
  ];
}

function exampleValue(spec: ParameterSpec): number | boolean | string {
  if (spec.type === "choice") return spec.choices[0] ?? "";
  return spec.type === "boolean" ? true : 0.5;
}

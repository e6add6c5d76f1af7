import { RecipeError, throwIfErrors } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import { METHODS } from "../methods/index.ts";
import { didYouMean } from "../nearest.ts";

/** What a field must be, in words that follow "must be", and as a test. */
interface Rule {
  readonly want: string;
  readonly fits: (value: unknown) => boolean;
  readonly optional?: true;
}
type Rules = Readonly<Record<string, Rule>>;
type Fields = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const optional = (rule: Rule): Rule => ({ ...rule, optional: true });
const choice = (...choices: readonly string[]): Rule => ({
  want: choices.map((each) => JSON.stringify(each)).join(" or "),
  fits: (value) => choices.includes(value as string),
});

/** As built-in methods and parameters are spelt; also what a schema and a shell need no quotes for. */
const NAME = /^[a-z][a-z0-9_]*$/;
const TEXT: Rule = { want: "a text", fits: (value) => typeof value === "string" && value.trim() !== "" };
const FLAG: Rule = { want: "true or false", fits: (value) => typeof value === "boolean" };
const FINITE: Rule = { want: "a number", fits: Number.isFinite };
const FUNCTION: Rule = { want: "a function", fits: (value) => typeof value === "function" };
const NAMED: Rule = {
  want: "lower-case letters, digits and _, a letter first",
  fits: (value) => typeof value === "string" && NAME.test(value),
};

const METHOD: Rules = {
  name: NAMED,
  title: TEXT,
  summary: TEXT,
  formula: TEXT,
  details: optional(TEXT),
  reference: optional({
    want: "an object with the texts title and url",
    fits: (value) => isRecord(value) && TEXT.fits(value["title"]) && TEXT.fits(value["url"]),
  }),
  base: choice("required", "optional", "ignored"),
  models: {
    want: "an object with the whole number min, and max if there is one",
    fits: (value) =>
      isRecord(value) && isWhole(value["min"]) && (value["max"] === undefined || isWhole(value["max"])),
  },
  parameters: { want: "an object, {} if there is none", fits: isRecord },
  whenMissing: choice("base", "only", "error"),
  symmetric: FLAG,
  random: optional(FLAG),
  granularity: optional(FUNCTION),
  isCopy: optional(FUNCTION),
  check: optional(FUNCTION),
  measure: optional(FUNCTION),
  refine: optional(FUNCTION),
  solve: optional(FUNCTION),
  combine: optional(FUNCTION),
};

const PARAMETER: Rules = {
  type: choice("number", "integer", "boolean", "choice"),
  scope: choice("global", "model"),
  doc: TEXT,
  default: optional({ want: "a value of its type and range", fits: () => true }),
  optional: optional(FLAG),
  noEffect: optional(TEXT),
  minimum: optional(FINITE),
  maximum: optional(FINITE),
  choices: optional({
    want: "a list of texts",
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every(TEXT.fits),
  }),
};

/** True if a default is one of the values that a recipe may give. */
function isValue(value: unknown, { type, minimum, maximum, choices }: Fields): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "choice") return Array.isArray(choices) && choices.includes(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (type === "integer" && !Number.isSafeInteger(value)) return false;
  const [low, high] = [minimum ?? -Infinity, maximum ?? Infinity] as [number, number];
  return value >= low && value <= high;
}

function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined || text.length > 60 ? `of type ${typeof value}` : text;
}

/** Collects what is wrong with the methods of one module, each with file and field. */
class ModuleCheck {
  readonly #path: string;
  readonly #problems: Problem[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  throwIfErrors(): void {
    throwIfErrors(this.#problems, RecipeError);
  }

  error(message: string): void {
    const hint = "docs/write-a-method.md goes through every field.";
    this.#problems.push({
      code: "RECIPE_METHOD_MODULE",
      severity: "error",
      message: `${this.#path}: ${message}`,
      hint,
    });
  }

  fields(value: Fields, whose: string, rules: Rules): void {
    for (const [field, { want, fits, optional: mayLack }] of Object.entries(rules)) {
      const given = value[field];
      if (given === undefined ? mayLack === true : fits(given)) continue;
      const what = given === undefined ? "is missing" : `is ${shown(given)}`;
      this.error(`the field "${field}" of ${whose} ${what}; it must be ${want}.`);
    }
    for (const field of Object.keys(value)) {
      if (Object.hasOwn(rules, field)) continue;
      this.error(`${whose} has no field "${field}".${didYouMean(field, Object.keys(rules))}`);
    }
  }

  method(value: Fields, whose: string): void {
    this.fields(value, whose, METHOD);
    if ((value["solve"] === undefined) === (value["combine"] === undefined))
      this.error(`${whose} must have either the field "solve" or the field "combine".`);
    if (METHODS.some(({ name }) => name === value["name"]))
      this.error(`the field "name" of ${whose} is that of a built-in method; choose another one.`);
    if (isRecord(value["parameters"])) {
      for (const [name, spec] of Object.entries(value["parameters"])) this.parameter(name, spec, whose);
    }
  }

  parameter(name: string, spec: unknown, method: string): void {
    const whose = `the parameter "${name}" of ${method}`;
    if (!NAMED.fits(name)) this.error(`${whose} must be named by ${NAMED.want}.`);
    if (!isRecord(spec)) {
      this.error(`${whose} is ${shown(spec)}; it must be made by number, integer, flag or oneOf.`);
      return;
    }
    this.fields(spec, whose, PARAMETER);
    const { type, choices, default: value } = spec;
    if (type === "choice" && choices === undefined) this.error(`the field "choices" of ${whose} is missing.`);
    if (value !== undefined && !isValue(value, spec))
      this.error(`the field "default" of ${whose} is ${shown(value)}, which a recipe could not give.`);
  }
}

/** What a module exports by default, as merge methods: one, or a list. Throws a RecipeError that names file and fields. */
export function checkMethods(exported: unknown, path: string): AnyMethod[] {
  const check = new ModuleCheck(path);
  const list: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (exported === undefined || list.length === 0)
    check.error('exports no merge method: write "export default defineMethod({ ... })".');
  for (const [i, value] of list.entries()) {
    if (!isRecord(value)) {
      if (value !== undefined) check.error(`exports ${shown(value)} by default, which is no merge method.`);
      continue;
    }
    const { name } = value;
    const named = typeof name === "string" && NAME.test(name);
    check.method(value, named ? name : list.length === 1 ? "the method" : `method ${i + 1}`);
    if (named && list.slice(0, i).some((other) => isRecord(other) && other["name"] === name))
      check.error(`exports two methods of the name "${name}".`);
  }
  check.throwIfErrors();
  return list as AnyMethod[];
}

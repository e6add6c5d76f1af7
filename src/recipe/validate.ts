import { Ajv } from "ajv";
import { methodNameOf, overrideMethodName } from "./coerce.ts";
import { explain } from "./explain.ts";
import { recipeSchema } from "./schema.ts";
import { children, toPlain } from "./tree.ts";
import type { DefinedError, ValidateFunction } from "ajv";
import type { AnyMethod } from "../methods/define.ts";
import type { Explanation, ValidationContext } from "./faults.ts";

/** Compiled once for each list of methods and the names of those in use. */
const validators = new WeakMap<readonly AnyMethod[], Map<string, ValidateFunction>>();

function validatorFor(methods: readonly AnyMethod[], used: readonly AnyMethod[]): ValidateFunction {
  const known = validators.get(methods) ?? new Map<string, ValidateFunction>();
  validators.set(methods, known);
  const key = used.map(({ name }) => name).join();
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  // Verbose errors carry the keys that would have been allowed. The strict modes that are off would want each branch to
  // repeat the types and keys of what it refines; the rest saves time, since the schema is our own and runs once.
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strictTypes: false,
    strictRequired: false,
    validateSchema: false,
    meta: false,
    inlineRefs: false,
    code: { optimize: false },
  });
  const validator = ajv.compile(recipeSchema(methods, used));
  known.set(key, validator);
  return validator;
}

/** Holds the recipe against the schema and reports every fault at its place. */
export function validate(context: ValidationContext): Explanation {
  const { tree, methods } = context;
  const overrides = children(tree, "overrides").map((override) => overrideMethodName(override, tree));
  const names = new Set([methodNameOf(tree), ...overrides]);
  const validator = validatorFor(
    methods,
    methods.filter(({ name }) => names.has(name)),
  );
  validator(toPlain(tree));
  return explain((validator.errors ?? []) as DefinedError[], context);
}

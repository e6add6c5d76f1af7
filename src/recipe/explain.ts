import { didYouMean, nearestName } from "../nearest.ts";
import { findMethod, methodNameOf, overrideMethodName, specOf } from "./coerce.ts";
import { explainParameter } from "./explain-parameter.ts";
import { expected, label, quoted, shown } from "./phrases.ts";
import { isMap, locate } from "./tree.ts";
import { spanOf } from "./problems.ts";
import type { DefinedError } from "ajv";
import type { ErrorCode } from "../errors.ts";
import type { Explanation, Fault, ValidationContext } from "./faults.ts";
import type { Span } from "./tree.ts";

function pathOf(error: DefinedError): string[] {
  const parts = error.instancePath.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Keys that a mapping may have, from the schema that it was held against. */
function allowedKeys(error: DefinedError): string[] {
  return Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
}

const isTypeFault = ({ keyword }: DefinedError) => keyword === "type";

class Explainer {
  readonly #context: ValidationContext;
  readonly misspelt = new Set<string>();
  understood = true;

  constructor(context: ValidationContext) {
    this.#context = context;
  }

  explain(error: DefinedError): void {
    // Faults inside alternatives are summed up by the fault of the alternative itself.
    if (error.keyword === "if" || /\/(?:oneOf|anyOf)\//.test(error.schemaPath)) return;
    const path = pathOf(error);
    const { tree, methods } = this.#context;
    const override = path[0] === "overrides" ? locate(tree, path.slice(0, 2)).node : undefined;
    const name = override === undefined ? methodNameOf(tree) : overrideMethodName(override, tree);
    const fault = { error, path, at: locate(tree, path), method: findMethod(methods, name) };
    const inParameters = path.indexOf("parameters");
    if (error.keyword === "additionalProperties") {
      this.#unknown(
        fault,
        error.params.additionalProperty,
        inParameters >= 0 && inParameters === path.length - 1,
      );
    } else if (error.keyword === "required") {
      this.#missing(fault, [error.params.missingProperty]);
    } else if (inParameters >= 0 && inParameters < path.length - 1) {
      explainParameter(fault, inParameters, this.#context.problems);
    } else {
      this.#structure(fault);
    }
  }

  #report(code: ErrorCode, at: Span, message: string, hint: string): void {
    const { problems, lenient } = this.#context;
    if (lenient) problems.warn(code, at, message, hint);
    else problems.error(code, at, message, hint);
  }

  #unknown(fault: Fault, name: string, isParameter: boolean): void {
    const { path, at, error } = fault;
    const key = isMap(at.node) ? (at.node.entries.get(name)?.key ?? at.node) : at.node;
    if (isParameter) {
      this.#unknownParameter(fault, name, key);
      return;
    }
    const allowed = allowedKeys(error);
    if (allowed.includes("parameters") && specOf(fault.method, name) !== undefined) {
      const message = `"${name}" is a parameter and has no effect here.`;
      this.#report("RECIPE_UNKNOWN_KEY", key, message, "Indent it under parameters:.");
      this.misspelt.add(name);
      return;
    }
    const nearest = nearestName(name, allowed);
    if (nearest !== undefined && locate(at.node, [nearest]).node === at.node) this.understood = false;
    const message = `${quoted(name)} is not a key of ${label(path)}.${didYouMean(name, allowed)}`;
    this.#report("RECIPE_UNKNOWN_KEY", key, message, `Keys here: ${allowed.join(", ")}.`);
  }

  #unknownParameter({ method }: Fault, name: string, key: Span): void {
    if (method === undefined) return;
    if (specOf(method, name) !== undefined) {
      const message = `"${name}" is one value for all models; it has no effect on a single one.`;
      const hint = "Move it to the parameters of the slice or to the recipe's own.";
      this.#report("RECIPE_MISPLACED_PARAMETER", key, message, hint);
      return;
    }
    const names = Object.keys(method.parameters as object);
    const nearest = nearestName(name, names);
    if (nearest !== undefined) this.misspelt.add(nearest);
    const message = `${quoted(name)} is not a parameter of ${method.name}.${didYouMean(name, names)}`;
    const some = names.length === 0 ? "has none" : names.join(", ");
    this.#report("RECIPE_UNKNOWN_PARAMETER", key, message, `Parameters of ${method.name}: ${some}.`);
  }

  /** One of the keys is needed; silent if a misspelt key beside it was probably meant to be it. */
  #missing({ path, at, error }: Fault, wanted: readonly string[]): void {
    if (!path.includes("parameters")) this.understood = false;
    const allowed = allowedKeys(error);
    const present = isMap(at.node) ? [...at.node.entries.keys()] : [];
    const meant = present.filter((name) => !allowed.includes(name)).map((name) => nearestName(name, allowed));
    if (wanted.some((name) => meant.includes(name))) return;
    const names = wanted.map((name) => `"${name}"`).join(" or ");
    const span = { offset: spanOf(at).offset, end: spanOf(at).offset };
    const where = path.length === 0 ? "The recipe" : label(path);
    this.#context.problems.error("RECIPE_MISSING_KEY", span, `${where} lacks ${names}.`, `Add ${names}.`);
  }

  /** None or several of the keys that say what is merged. */
  #layout(fault: Fault, several: boolean): void {
    const { path, at } = fault;
    const keys = path.length === 0 ? ["models", "slices", "modules"] : ["models", "slices"];
    if (!several) {
      this.#missing(fault, keys);
      return;
    }
    const present = isMap(at.node) ? [...at.node.entries].filter(([name]) => keys.includes(name)) : [];
    const names = present.map(([name]) => `"${name}"`).join(" and ");
    const hint = "Keep models to merge whole models, slices to restack, modules for the parts of a network.";
    const span = present.at(-1)?.[1].key ?? spanOf(at);
    this.#context.problems.error("RECIPE_CONFLICT", span, `${names} exclude each other.`, hint);
  }

  #structure(fault: Fault): void {
    const { error, path, at } = fault;
    const { problems } = this.#context;
    this.understood = false;
    const span = spanOf(at);
    if (error.keyword === "anyOf") {
      this.#missing(fault, ["tensors", "layers"]);
    } else if (error.keyword === "oneOf") {
      this.#layout(fault, error.params.passingSchemas !== null);
    } else if (error.keyword === "enum" && path.at(-1) === "merge_method") {
      const names = this.#context.methods.map(({ name }) => name);
      const given = at.node.kind === "scalar" ? String(at.node.value) : "";
      const message = `${shown(at.node)} is not a merge method.${didYouMean(given, names)}`;
      problems.error("RECIPE_UNKNOWN_METHOD", span, message, `Merge methods: ${names.join(", ")}.`);
    } else {
      const { code, message, hint } = expected(error, label(path), at.node);
      problems.error(code, span, message, hint);
    }
  }
}

/** Turns the faults that the schema found into problems with places, names and cures. */
export function explain(errors: readonly DefinedError[], context: ValidationContext): Explanation {
  const explainer = new Explainer(context);
  // A value of the wrong type breaks other rules as well; one problem says it.
  const wrongTypes = new Set(errors.filter(isTypeFault).map(({ instancePath }) => instancePath));
  for (const error of errors) {
    if (isTypeFault(error) || !wrongTypes.has(error.instancePath)) explainer.explain(error);
  }
  return explainer;
}

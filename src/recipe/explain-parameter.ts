import { didYouMean } from "../nearest.ts";
import { specOf } from "./coerce.ts";
import { expected, shown } from "./phrases.ts";
import { spanOf } from "./problems.ts";
import { describeValues } from "./values.ts";
import type { ErrorCode } from "../errors.ts";
import type { Fault } from "./faults.ts";
import type { RecipeProblems } from "./problems.ts";

const RANGE_KEYWORDS: readonly string[] = ["enum", "minimum", "maximum"];

/** Reports a value that a parameter does not take; `index` is the place of "parameters" in the path. */
export function explainParameter(fault: Fault, index: number, problems: RecipeProblems): void {
  const { error, path, at, method } = fault;
  const name = path[index + 1] ?? "";
  const spec = specOf(method, name);
  const span = spanOf(at);
  if (spec === undefined || path.at(-1) === "filter" || error.keyword === "maxItems") {
    const { code, message, hint } = expected(error, path.at(-1) === "filter" ? "filter" : name, at.node);
    problems.error(code, span, message, hint);
    return;
  }
  if (error.keyword === "type" && [error.params.type].flat().includes("object")) {
    const message = `"${name}" mixes {filter, value} entries with plain values.`;
    problems.error(
      "RECIPE_WRONG_TYPE",
      span,
      message,
      "Write the plain value as {value: ...}, last in the list.",
    );
    return;
  }
  const code: ErrorCode = RANGE_KEYWORDS.includes(error.keyword)
    ? "RECIPE_OUT_OF_RANGE"
    : "RECIPE_WRONG_TYPE";
  const isChoice = spec.type === "choice" && at.node.kind === "scalar";
  const near = isChoice ? didYouMean(String(at.node.value), spec.choices) : "";
  const message = `"${name}" must be ${describeValues(spec)}, not ${shown(at.node)}.${near}`;
  problems.error(code, span, message, `${name}: ${spec.doc}`);
}

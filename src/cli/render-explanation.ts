import type { ExplainedParameter, MergePlan, Position, TensorExplanation } from "../index.ts";
import { plural } from "./quantities.ts";
import { showValue } from "./render-plan.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** More than these are for a program to read: --json has all of them. */
const MOST_EXPLANATIONS = 20;

/** For each tensor its method, inputs and parameters, with the place in the recipe that each comes from. */
export function renderExplanations(plan: MergePlan, style: Style, width: number): string[] {
  const { explanations = [], intermediates = [] } = plan;
  const before = intermediates.flatMap(({ name, plan: made }) =>
    (made.explanations ?? []).map((each) => ({ ...each, in: ` of ${name}` })),
  );
  const all = [...before, ...explanations.map((each) => ({ ...each, in: "" }))];
  const shown = all.slice(0, MOST_EXPLANATIONS);
  const hidden = all.length - shown.length;
  return [
    ...shown.flatMap((each, at) => [
      ...(at === 0 ? [] : [""]),
      style.heading(`${each.tensor}${each.in}`) + style.dim(`  ${facts(each)}`),
      ...renderTable(rowsOf(each, style), "llll", { width }),
    ]),
    ...(hidden > 0 ? [style.dim(`  and ${plural(hidden, "more tensor")}; --json explains all`)] : []),
  ];
}

function facts({ shape, kind, layer, t }: TensorExplanation): string {
  const place = layer === undefined ? "in no layer" : `layer ${layer}`;
  return `[${shape.join(", ")}], ${kind}, ${place}, gradients at ${showValue(t)}`;
}

function rowsOf(
  { tensor, module, slice, method, dtype, inputs, parameters }: TensorExplanation,
  style: Style,
): Cell[][] {
  const row = (label: string, value: string, why: string, position?: Position): Cell[] => [
    [label, style.dim],
    [value, style.name],
    [placeOf(position), style.dim],
    why,
  ];
  const parameterRow = ({ name, value, why, position }: ExplainedParameter, indent = "") =>
    row(indent + name, showValue(value), why, position);
  return [
    ...(module === undefined ? [] : [row("module", module.value, module.why, module.position)]),
    ...(slice === undefined ? [] : [row("slice", slice.value, slice.why, slice.position)]),
    row("method", method.value, method.why, method.position),
    ...parameters.map((parameter) => parameterRow(parameter)),
    ...inputs.flatMap(({ role, model, tensor: own, why, position, parameters: values }) => [
      row(role, model, own === tensor ? why : `${why}; its ${own}`, position),
      ...values.map((parameter) => parameterRow(parameter, "  ")),
    ]),
    row("dtype", dtype.value, dtype.why, dtype.position),
  ];
}

const placeOf = (position: Position | undefined) =>
  position === undefined ? "" : `${position.file}:${position.line}:${position.column}`;

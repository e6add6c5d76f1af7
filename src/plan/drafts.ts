import type { Position, Problem } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpecs, ParameterValue } from "../methods/params.ts";
import { linear } from "../methods/linear.ts";
import { passthrough } from "../methods/passthrough.ts";
import { resolveParameters, valuesOf } from "../recipe/settings.ts";
import type { ResolvedParameters } from "../recipe/settings.ts";
import { bytesPerElement, isFloatDtype } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { tensorKind } from "../tensor/names.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import type { PlanContext } from "./context.ts";
import { outputDtype } from "./dtypes.ts";
import type { Match } from "./match-tensors.ts";
import type { Row } from "./row.ts";
import type { Participants } from "./participants.ts";
import type { PlannedInput, PlannedTensor } from "./types.ts";

/** A planned tensor that has no group and no place in a file yet. */
export type DraftTensor = Omit<PlannedTensor, "group" | "layerCount" | "shard" | "offset">;

type Values = Readonly<Record<string, ParameterValue>>;

/** The tensor of one model as it is; only its dtype may change. */
export function copyTensor(row: Row, from: Match, context: PlanContext): DraftTensor {
  const { dtype, shape, byteLength } = from.header;
  const target = isFloatDtype(dtype) ? outputDtype([dtype], context) : dtype;
  const targetBytes = target === dtype ? byteLength : elementCount(shape) * bytesPerElement(target);
  return {
    ...describe(row, shape, target, targetBytes),
    action: target === readDtype(from) ? "copy" : "merge",
    method: passthrough.name,
    granularity: "tensor",
    parameters: {},
    inputs: [inputOf(from, {})],
  };
}

/** The plain mean of several models' tensors. */
export function averageTensor(
  row: Row,
  inputs: readonly Match[],
  context: PlanContext,
): DraftTensor | undefined {
  const [sample] = inputs;
  if (sample === undefined) return undefined;
  const { shape } = sample.header;
  const dtype = outputDtype(
    inputs.map(({ header }) => header.dtype),
    context,
  );
  return {
    ...describe(row, shape, dtype, elementCount(shape) * bytesPerElement(dtype)),
    action: "merge",
    method: linear.name,
    granularity: "tensor",
    parameters: { normalize: true },
    inputs: inputs.map((match) => inputOf(match, { weight: 1 })),
  };
}

/** The tensor as the method makes it, with every parameter resolved; undefined if one of them is wrong. */
export function mergeTensor(
  row: Row,
  { method, override }: Participants,
  { base, inputs }: { readonly base: Match | undefined; readonly inputs: readonly Match[] },
  context: PlanContext,
): DraftTensor | undefined {
  const { recipe } = context;
  const resolved = resolveParameters({
    recipe,
    module: row.module,
    slice: row.slice,
    override,
    method,
    tensor: row.name,
    t: row.t,
    inputs: inputs.map(({ source, name }) => ({ source, tensor: name })),
  });
  for (const problem of resolved.problems) reportParameter(problem, row, inputs, context);
  reportIdle(method, resolved.parameters, context);
  const sample = base ?? inputs[0];
  if (sample === undefined || resolved.problems.some(({ severity }) => severity === "error"))
    return undefined;
  const parameters = valuesOf(resolved.parameters);
  const perInput = resolved.inputs.map(valuesOf);
  const values = valuesFor(method, parameters, perInput);
  reportCheck(method.check?.(values, inputs.length), row, override?.position ?? row.slice.position, context);
  const all = base === undefined ? inputs : [base, ...inputs];
  const dtype = outputDtype(
    all.map(({ header }) => header.dtype),
    context,
  );
  const { shape } = sample.header;
  const copies = all.length === 1 && readDtype(sample) === dtype && method.isCopy?.(values) === true;
  return {
    ...describe(row, shape, dtype, elementCount(shape) * bytesPerElement(dtype)),
    action: copies ? "copy" : "merge",
    method: method.name,
    granularity: method.granularity?.(values) ?? "tensor",
    ...(override === undefined ? {} : { override: context.recipe.overrides.indexOf(override) }),
    parameters,
    ...(base === undefined ? {} : { base: inputOf(base, {}) }),
    inputs: inputs.map((match, at) => inputOf(match, perInput[at] ?? {})),
  };
}

function describe(row: Row, shape: Shape, dtype: Dtype, byteLength: number) {
  return {
    name: row.name,
    shape,
    dtype,
    kind: tensorKind(row.name, shape),
    ...(row.layer === undefined ? {} : { layer: row.layer.layer }),
    byteLength,
  };
}

/** Dtype in which the engine has the tensor. */
function readDtype({ aligned, header }: Match): Dtype {
  return aligned?.dtype ?? (header.lowRank === undefined ? header.dtype : "F32");
}

function inputOf(match: Match, parameters: Values): PlannedInput {
  const { model, header, aligned } = match;
  const { name: tensor, file, offset, byteLength, strides, lowRank } = header;
  return {
    model,
    tensor,
    dtype: readDtype(match),
    file,
    offset,
    byteLength,
    ...(strides === undefined ? {} : { strides }),
    ...(aligned === undefined ? {} : { rows: aligned.rows }),
    ...(lowRank === undefined ? {} : { lowRank: { ...lowRank, storedDtype: header.dtype } }),
    parameters,
  };
}

/** Parameters as a descriptor's functions take them: one value, or for model parameters one per input. */
function valuesFor(method: AnyMethod, global: Values, inputs: readonly Values[]) {
  const values: Record<string, ParameterValue | undefined | readonly (ParameterValue | undefined)[]> = {};
  for (const [name, { scope }] of Object.entries(method.parameters as ParameterSpecs)) {
    values[name] = scope === "model" ? inputs.map((input) => input[name]) : global[name];
  }
  return values;
}

/** A wrong or missing value mostly holds for many tensors alike: they differ in their names only. */
function reportParameter(
  problem: Problem,
  row: Row,
  inputs: readonly Match[],
  { findings }: PlanContext,
): void {
  const { message, code, severity } = problem;
  const names = [row.name, ...inputs.map(({ name }) => name)];
  const pattern = names.reduce((text, name) => text.replaceAll(name, "*"), message);
  const place = problem.position === undefined ? "" : `${problem.position.line}:${problem.position.column}`;
  findings.add(`parameter|${code}|${place}|${pattern}`, row.name, {
    code,
    severity,
    ...(problem.position === undefined ? {} : { position: problem.position }),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    sentence: (_names, count) =>
      count === 1 ? message : `${message} The same at ${count - 1} more tensors.`,
  });
}

/** A parameter that another one leaves without effect. */
function reportIdle(
  method: AnyMethod,
  found: ResolvedParameters["parameters"],
  { findings }: PlanContext,
): void {
  for (const [name, { idleBeside, default: usual }] of Object.entries(method.parameters as ParameterSpecs)) {
    const value = found[name];
    if (idleBeside === undefined || value === undefined || value.value === usual) continue;
    if (found[idleBeside]?.value !== true) continue;
    const position = value.setting?.position;
    findings.add(`idle|${name}|${position?.line ?? ""}`, name, {
      code: "RECIPE_MISPLACED_PARAMETER",
      severity: "warning",
      sentence: () => `"${name}" changes nothing where ${idleBeside} is true.`,
      ...(position && { position }),
      hint: `Remove "${name}", or set ${idleBeside}: false.`,
    });
  }
}

function reportCheck(
  wrong: string | undefined,
  row: Row,
  position: Position,
  { findings }: PlanContext,
): void {
  if (wrong === undefined) return;
  findings.add(`check|${wrong}`, row.name, {
    code: "PLAN_PARAMETER",
    severity: "error",
    sentence: (names) => `At ${names}: ${wrong}.`,
    position,
  });
}

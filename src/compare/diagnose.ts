import type { MeasuredTensor, Measurement } from "../engine/measure.ts";
import type { Gram } from "../methods/statistics.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import type {
  DiagnosedGroup,
  DiagnosedModel,
  DiagnosedTensor,
  Diagnosis,
  ReportSpread,
  Triangle,
} from "../report/diagnosis-types.ts";
import type { JsonObject } from "../sources/types.ts";
import { findingsOf } from "./findings.ts";
import { addGrams, geometryOf, spreadOut } from "./geometry.ts";
import { idleReason } from "./idle.ts";
import { planeOf } from "./triangle.ts";

/** The plan that was measured, and what the diagnosis is told beside it. */
interface Subject {
  /** With the base as the only model of that role. */
  readonly plan: MergePlan;
  /** Names of the other models, in the plan's order. */
  readonly names: readonly string[];
  readonly config: JsonObject | undefined;
}

interface Part {
  readonly tensor: DiagnosedTensor;
  readonly gram: Gram;
}

/** What the weights tell without any data, from one measuring pass. */
export function diagnose(subject: Subject, measurement: Measurement): Diagnosis {
  const { plan, names } = subject;
  const n = names.length;
  const positions = new Map<number, number>();
  plan.models.forEach(({ role }, model) => role === "model" && positions.set(model, positions.size));
  const parts = plan.tensors.flatMap((planned): Part[] => {
    const measured = measurement.tensors.get(planned.name);
    if (measured === undefined) return [];
    const at = planned.inputs.map(({ model }) => positions.get(model) ?? 0);
    return [partOf(planned, measured, at, subject)];
  });
  const tensors = parts.map(({ tensor }) => tensor);
  const whole = geometryOf(
    addGrams(
      parts.map(({ gram }) => gram),
      n,
    ),
  );
  const layers = [...new Set(tensors.flatMap(({ layer }) => layer ?? []))].sort((a, b) => a - b);
  const kinds = [...new Set(tensors.map(({ kind }) => kind))];
  const known = {
    models: names.map((name, i) => describeModel(name, i, whole.norms, tensors)),
    cosines: whole.cosines,
    all: groupOf(tensors),
    kinds: kinds.map((kind) => ({ kind, ...groupOf(tensors.filter((each) => each.kind === kind)) })),
    layers: layers.map((layer) => ({ layer, ...groupOf(tensors.filter((each) => each.layer === layer)) })),
    soupToBase: Math.hypot(...tensors.map(({ soupToBase }) => soupToBase)),
    mergedToSoup: Math.hypot(...tensors.map(({ mergedToSoup }) => mergedToSoup)),
    tensors,
  };
  return {
    ...known,
    findings: findingsOf(known),
    triangles: trianglesOf(parts),
    measure: { seconds: measurement.seconds, readBytes: measurement.readBytes },
  };
}

function partOf(
  { name, kind, layer }: PlannedTensor,
  measured: MeasuredTensor,
  positions: readonly number[],
  { names, config }: Subject,
): Part {
  const gram = spreadOut(measured, positions, names.length);
  // Models that lack the tensor do not count as models that stayed at the base.
  const geometry = geometryOf(measured);
  const { norms, cosines } = geometryOf(gram);
  const elements = measured.elementCount;
  const zeroShare = names.map(() => 1);
  positions.forEach((at, i) => (zeroShare[at] = (measured.zeros[i] ?? 0) / elements));
  const idle = idleReason(name, config);
  const tensor: DiagnosedTensor = {
    name,
    kind,
    ...(layer !== undefined && { layer }),
    elements,
    ...geometry,
    norms,
    cosines,
    zeroShare,
    ...(idle !== undefined && { idle }),
  };
  return { tensor, gram };
}

function describeModel(
  name: string,
  at: number,
  norms: readonly number[],
  tensors: readonly DiagnosedTensor[],
): DiagnosedModel {
  const elements = tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
  const zeros = tensors.reduce((sum, tensor) => sum + (tensor.zeroShare[at] ?? 0) * tensor.elements, 0);
  const middle = quantile(norms, 0.5);
  return {
    name,
    norm: norms[at] ?? 0,
    normRatio: middle > 0 ? (norms[at] ?? 0) / middle : 1,
    zeroShare: elements > 0 ? zeros / elements : 0,
    unmoved: tensors.filter((tensor) => tensor.norms[at] === 0).length,
  };
}

function groupOf(tensors: readonly DiagnosedTensor[]): DiagnosedGroup {
  const angles = tensors.flatMap(({ angle }) => angle ?? []);
  const ratios = tensors.flatMap(({ t }) => t ?? []);
  return {
    tensors: tensors.length,
    elements: tensors.reduce((sum, { elements }) => sum + elements, 0),
    ...(angles.length > 0 && { angle: spreadOf(angles), t: spreadOf(ratios) }),
    negative: tensors.filter(({ cosine = 0 }) => cosine < 0).length,
    clamped: tensors.filter(({ clamped }) => clamped).length,
    unmoved: tensors.filter(({ norms }) => norms.every((each) => each === 0)).length,
  };
}

function spreadOf(values: readonly number[]): ReportSpread {
  return {
    count: values.length,
    minimum: quantile(values, 0),
    lowerQuartile: quantile(values, 0.25),
    median: quantile(values, 0.5),
    upperQuartile: quantile(values, 0.75),
    maximum: quantile(values, 1),
  };
}

/** By linear interpolation between the nearest values; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (position - Math.floor(position)) * (above - below);
}

/** The smallest and the largest angle among tensors that matter, in which all models moved and are not opposed. */
function trianglesOf(parts: readonly Part[]): Triangle[] {
  const candidates = parts
    .filter(
      ({ tensor: { idle, norms, t = 0 } }) => idle === undefined && t > 0 && norms.every((each) => each > 0),
    )
    .sort((a, b) => (a.tensor.angle ?? 0) - (b.tensor.angle ?? 0));
  const chosen = [["small angle", candidates.at(0)] as const, ["large angle", candidates.at(-1)] as const];
  return chosen.slice(0, candidates.length).flatMap(([size, part]): Triangle[] => {
    if (part === undefined) return [];
    const { name, angle = 0, t = 0 } = part.tensor;
    const plane = planeOf(part.gram, t);
    return plane === undefined ? [] : [{ tensor: name, size, angle, t, ...plane }];
  });
}

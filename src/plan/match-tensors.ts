import { nearestName } from "../nearest.ts";
import { configValue } from "../sources/config.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { isFloatDtype } from "../tensor/dtype.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import { sameShape } from "../tensor/shape.ts";
import type { TensorKind } from "../tensor/names.ts";
import type { PlanContext } from "./context.ts";
import { stackKey } from "./layer-counts.ts";
import type { UnequalStacks } from "./layer-counts.ts";
import type { Row } from "./row.ts";
import { referenceOf } from "./participants.ts";
import type { Participant } from "./participants.ts";
import { tiedEmbedding } from "./tied.ts";
import type { PlannedRows } from "./types.ts";

/** A participant with the tensor that it brings. */
export interface Match extends Participant {
  /** As stored or, with `aligned`, as matched by token: its shape, and the dtype that holds all stored values. */
  readonly header: TensorHeader;
  readonly aligned?: {
    readonly rows: PlannedRows;
    /** What the rows are brought to when they are read: wider than the header's where rows are computed. */
    readonly dtype: FloatDtype;
  };
}

const OPTIONAL = /(?:^|[._])bias$|(?:^|[._])(?:q|k|query|key)_?(?:layer)?_?norm(?:\.|$)/i;

/** True for tensors that some models of an architecture have and others lack: biases, norms of queries and keys. */
export function isOptional(name: string): boolean {
  return OPTIONAL.test(name);
}

export function exactMatch(participant: Participant, { table }: PlanContext): Match | undefined {
  const header = table.at(participant.model).tensors.get(participant.name);
  return header && { ...participant, header };
}

/** The participant's own tensor, or the embedding that its head is tied to. */
export function matchTensor(
  participant: Participant,
  shape: readonly number[],
  context: PlanContext,
): Match | undefined {
  const exact = exactMatch(participant, context);
  if (exact !== undefined) return exact;
  const model = context.table.at(participant.model);
  const header = tiedEmbedding(model, participant.name, shape);
  if (header === undefined) return undefined;
  context.findings.add(`tied|${model.reference}`, participant.name, {
    code: "PLAN_TIED",
    severity: "warning",
    sentence: (name) => `${model.reference} has no ${name}; its tied embedding "${header.name}" stands in.`,
  });
  return { ...participant, header };
}

export function reportMissing(
  participant: Participant,
  row: Row,
  unequal: UnequalStacks,
  { table, findings }: PlanContext,
): void {
  const model = table.at(participant.model);
  // Told once, as a difference in the number of layers.
  if (unequal.has(stackKey(model, row.layer?.prefix))) return;
  findings.add(`missing|${model.reference}`, participant.name, {
    code: "PLAN_MISSING_TENSOR",
    severity: "error",
    sentence: (names, count) => {
      const near = nearestTensor(participant.name, [...model.tensors.keys()]);
      const nearest = near === undefined ? "" : ` The nearest name there is "${near}".`;
      return `${model.reference} lacks ${count === 1 ? "a tensor" : `${count} tensors`} of the merge: ${names}.${nearest}`;
    },
    position: participant.source.position,
    hint:
      "Check that all its weight files are there and that it is a fine-tune of the same architecture, or take these " +
      "tensors from another model with an override (tensors, merge_method: passthrough, model).",
  });
}

export function reportExtra(name: string, model: ModelHeaders, { findings }: PlanContext): void {
  findings.add(`extra|${model.reference}`, name, {
    code: "PLAN_EXTRA_TENSOR",
    severity: "warning",
    sentence: (names, count) =>
      `${model.reference} has ${count === 1 ? "a tensor" : `${count} tensors`} that the output will not have: ${names}.`,
    hint: "The output has the tensors of the base model, or without one those of the first model.",
  });
}

/** Tensors that are left out on request. */
export function reportDropped(names: readonly string[], { findings }: PlanContext): void {
  for (const name of names) {
    findings.add("dropped", name, {
      code: "PLAN_EXTRA_TENSOR",
      severity: "warning",
      sentence: (list, count) =>
        `${count === 1 ? "A tensor is" : `${count} tensors are`} left out, since not all models have ${count === 1 ? "it" : "them"}: ${list}.`,
    });
  }
}

/** The same name under another prefix, or one that is spelt nearly so. */
function nearestTensor(name: string, names: readonly string[]): string | undefined {
  return (
    names.find((each) => each.endsWith(`.${name}`) || name.endsWith(`.${each}`)) ?? nearestName(name, names)
  );
}

/** Refuses matches whose shapes differ; true if they are equal. */
export function checkShapes(
  matches: readonly Match[],
  row: Row,
  kind: TensorKind,
  { findings }: PlanContext,
): boolean {
  const [first, ...others] = matches;
  if (first === undefined) return false;
  const different = others.filter(({ header }) => !sameShape(header.shape, first.header.shape));
  if (different.length === 0) return true;
  const shapes = [first, ...different].map(
    (match) => `${referenceOf(match)} [${match.header.shape.join(", ")}]`,
  );
  const vocabulary = kind === "embedding" || kind === "head";
  const models = different.map((match) => match.model).join();
  findings.add(`shape|${String(vocabulary)}|${models}`, row.name, {
    code: "PLAN_SHAPE",
    severity: "error",
    sentence: (names, count) =>
      `Shapes differ at ${names}: ${shapes.join(", ")}${count === 1 ? "" : " at the first"}.`,
    ...(different[0] === undefined ? {} : { position: different[0].source.position }),
    hint: vocabulary
      ? 'The models have different vocabularies: match their rows by token with "tokenizer_source: union" (or base), or cut them with --unsafe-truncate-embeddings.'
      : "Only models of the same size can be merged.",
  });
  return false;
}

/** Refuses a mixture of dtypes that can and cannot be computed with; true if all can. */
export function checkDtypes(matches: readonly Match[], row: Row, { findings }: PlanContext): boolean {
  const odd = matches.find(({ header }) => !isFloatDtype(header.dtype));
  if (odd === undefined) return true;
  findings.add(`dtype|${odd.model}|${odd.header.dtype}`, row.name, {
    code: "PLAN_DTYPE",
    severity: "error",
    sentence: (names) =>
      `${referenceOf(odd)} stores ${names} as ${odd.header.dtype}, which cannot be merged with the others' floats.`,
    position: odd.source.position,
    hint: "Convert this model to F32, F16 or BF16 first.",
  });
  return false;
}

/**
 * Refuses quantized models, whose tensors without floats are the weights themselves: they mean nothing beside the
 * scales of a merge. True if no model is quantized.
 */
export function checkQuantized(
  participants: readonly Participant[],
  row: Row,
  { table, findings }: PlanContext,
): boolean {
  const quantized = participants.find(
    ({ model }) => configValue(table.at(model).config, "quantization_config") !== undefined,
  );
  if (quantized === undefined) return true;
  findings.add(`quantized|${quantized.model}`, row.name, {
    code: "PLAN_DTYPE",
    severity: "error",
    sentence: (names) => `${referenceOf(quantized)} is quantized, so that ${names} cannot be merged.`,
    position: quantized.source.position,
    hint: "Merge the unquantized models, or dequantize this one first.",
  });
  return false;
}

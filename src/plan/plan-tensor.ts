import { isFloatDtype } from "../tensor/dtype.ts";
import { tensorKind } from "../tensor/names.ts";
import { alignMatches, differsInTokens } from "./align-tensors.ts";
import type { PlanContext } from "./context.ts";
import { hasItsModels, settleCount } from "./counts.ts";
import type { Verdict } from "./counts.ts";
import { averageTensor, copyTensor, mergeTensor } from "./drafts.ts";
import type { DraftTensor } from "./drafts.ts";
import type { UnequalStacks } from "./layer-counts.ts";
import {
  checkDtypes,
  checkQuantized,
  checkShapes,
  exactMatch,
  isOptional,
  matchTensor,
  reportMissing,
} from "./match-tensors.ts";
import type { Match } from "./match-tensors.ts";
import type { Row } from "./row.ts";
import { participantsOf, referenceOf } from "./participants.ts";
import { reportStatistics, statisticsRule } from "./running-statistics.ts";
import { truncateRows } from "./truncate.ts";
import type { Participant, Participants } from "./participants.ts";

/** How one tensor of the output comes about; undefined if something about it is wrong, which is then reported. */
export function planTensor(row: Row, unequal: UnequalStacks, context: PlanContext): DraftTensor | undefined {
  const who = participantsOf(row, context);
  if (!hasItsModels(who, row, context)) return undefined;
  const all = who.base === undefined ? who.inputs : [who.base, ...who.inputs];
  const exact = all.flatMap((each) => exactMatch(each, context) ?? []);
  const donor = exact.find(({ model }) => context.table.isBase(model)) ?? exact[0];
  if (donor !== undefined && exact.every(({ header }) => !isFloatDtype(header.dtype))) {
    if (all.length > 1 && !checkQuantized(all, row, context)) return undefined;
    if (all.length > 1) reportCopy(row, donor, "without floats", context);
    context.instead.set(row.name, "the tensor holds no floats");
    return copyTensor(row, donor, context);
  }
  const shape = donor?.header.shape ?? [];
  const found = all.flatMap((each) => matchTensor(each, shape, context) ?? []);
  const differs = differsInTokens(found, row, context);
  const matches = truncateRows(alignMatches(found, row, context), row, context);
  const base = matches.find(({ source }) => source === who.base?.source);
  const inputs = matches.filter((match) => match !== base);
  const lacking = all.filter((each) => !matches.some(({ source }) => source === each.source));
  const anyWillDo = context.options.tensorSet === "union" && matches.length > 0;
  if (lacking.length > 0 && !anyWillDo && !mayLack(lacking, matches, row)) {
    for (const each of lacking) reportMissing(each, row, unequal, context);
    return undefined;
  }
  const kind = tensorKind(row.name, shape);
  if (differs || !checkDtypes(matches, row, context)) return undefined;
  if (!checkShapes(matches, row, kind, context)) return undefined;
  const present = { base: base !== undefined, inputs: inputs.length };
  return settle(settleCount(who, present, row, context), row, who, { base, inputs }, context);
}

/** A model may lack an optional tensor that another one has. */
function mayLack(lacking: readonly Participant[], matches: readonly Match[], row: Row): boolean {
  return matches.length > 0 && lacking.every(({ name }) => isOptional(name)) && isOptional(row.name);
}

interface Matches {
  readonly base: Match | undefined;
  readonly inputs: readonly Match[];
}

function settle(
  verdict: Verdict,
  row: Row,
  who: Participants,
  matches: Matches,
  context: PlanContext,
): DraftTensor | undefined {
  if (verdict === "error") return undefined;
  if (verdict === "merge") return mergeOrAverage(row, who, matches, context);
  const only = matches.base ?? matches.inputs[0];
  if (only === undefined) return undefined;
  reportCopy(row, only, "that too few models have", context);
  context.instead.set(row.name, "too few models have the tensor");
  return copyTensor(row, only, context);
}

function mergeOrAverage(
  row: Row,
  who: Participants,
  matches: Matches,
  context: PlanContext,
): DraftTensor | undefined {
  const rule = statisticsRule(row, who);
  const { base, inputs } = matches;
  const all = base === undefined ? inputs : [base, ...inputs];
  if (rule === undefined || all.length < 2) return mergeTensor(row, who, matches, context);
  reportStatistics(row, context);
  if (rule === "as weights") return mergeTensor(row, who, matches, context);
  context.instead.set(row.name, "running statistics are averaged");
  return averageTensor(row, inputs.length > 1 ? inputs : all, context);
}

function reportCopy(row: Row, from: Match, which: string, { findings }: PlanContext): void {
  const reference = referenceOf(from);
  findings.add(`copied|${reference}|${which}`, row.name, {
    code: "PLAN_COPIED",
    severity: "warning",
    sentence: (names, count) =>
      `${count} ${count === 1 ? "tensor" : "tensors"} ${which} (${names}) ${count === 1 ? "is" : "are"} copied ` +
      `from ${reference}, not merged.`,
  });
}

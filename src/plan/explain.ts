import type { AnyMethod } from "../methods/define.ts";
import { resolveParameters } from "../recipe/settings.ts";
import { matchesGlob } from "../recipe/glob.ts";
import type { FoundValue, Override, PlainSetting, RecipeSource, RuleLevel } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";
import type { DraftTensor } from "./drafts.ts";
import type { ExplainedInput, ExplainedParameter, TensorExplanation } from "./explanation.ts";
import { participantsOf, referenceOf } from "./participants.ts";
import type { Participant, Participants } from "./participants.ts";
import type { Row } from "./row.ts";

/** The tensors that a word of the user's means: one of that name, else those that a glob matches, else parts of names. */
function tensorsMeant(word: string, names: readonly string[]): ReadonlySet<string> {
  if (names.includes(word)) return new Set([word]);
  const matches = (name: string) => (/[*?]/.test(word) ? matchesGlob(word, name) : name.includes(word));
  return new Set(names.filter(matches));
}

/** Why the tensors that `options.explain` means are made as they are. */
export function explainTensors(
  rows: readonly Row[],
  drafts: readonly DraftTensor[],
  context: PlanContext,
): TensorExplanation[] {
  const { explain } = context.options;
  if (explain === undefined) return [];
  const meant = tensorsMeant(
    explain,
    drafts.map(({ name }) => name),
  );
  const rowOf = new Map(rows.map((row) => [row.name, row]));
  return drafts.flatMap((draft) => {
    const row = meant.has(draft.name) ? rowOf.get(draft.name) : undefined;
    return row === undefined ? [] : explainTensor(row, draft, context);
  });
}

function explainTensor(row: Row, draft: DraftTensor, context: PlanContext): TensorExplanation {
  const who = participantsOf(row, context);
  const { name: tensor, shape, kind, layer, action } = draft;
  const used = who.inputs.filter(({ model }) => draft.inputs.some((input) => input.model === model));
  const merges = draft.method === who.method.name && !context.instead.has(tensor);
  const resolved = resolveParameters({
    recipe: context.recipe,
    module: row.module,
    slice: row.slice,
    override: who.override,
    method: who.method,
    tensor,
    t: row.t,
    inputs: used.map(({ source, name }) => ({ source, tensor: name })),
  });
  const explained = (found: Readonly<Record<string, FoundValue>> | undefined) =>
    merges
      ? Object.entries(found ?? {}).map(([name, value]) => explainParameter(name, value, who.method, row.t))
      : [];
  return {
    tensor,
    shape,
    kind,
    ...(layer !== undefined && { layer }),
    action,
    t: row.t,
    ...explainPlace(row),
    method: explainMethod(draft, who, context),
    dtype: { value: draft.dtype, ...explainDtype(context) },
    inputs: explainInputs(row, draft, who, context).map((input) => {
      const at = used.findIndex((each) => referenceOf(each) === input.model);
      return { ...input, parameters: input.role === "input" ? explained(resolved.inputs[at]) : [] };
    }),
    parameters: explained(resolved.parameters),
  };
}

function explainPlace({ module, slice, layer }: Row): Pick<TensorExplanation, "module" | "slice"> {
  const ranges = slice.sources.map(({ model, layerRange }) => {
    return layerRange === undefined ? "" : `${referenceText(model)} [${layerRange[0]}, ${layerRange[1]})`;
  });
  return {
    ...(module.name !== undefined && {
      module: { value: module.name, why: "the module that takes its name", position: module.position },
    }),
    ...(module.sliced && {
      slice: {
        value: `slice ${module.slices.indexOf(slice) + 1} of ${module.slices.length}`,
        why:
          layer === undefined
            ? "the first slice gives what comes before the layers, the last what comes after"
            : ranges.join(", "),
        position: slice.position,
      },
    }),
  };
}

function explainMethod(
  draft: DraftTensor,
  { method, override }: Participants,
  context: PlanContext,
): TensorExplanation["method"] {
  const { recipe, instead } = context;
  const reason = instead.get(draft.name);
  if (reason !== undefined)
    return { value: draft.method, why: `${method.name} does not run here: ${reason}` };
  if (override?.mergeMethod !== undefined) {
    return { value: method.name, why: `the override of ${targetOf(override)}`, position: override.position };
  }
  if (recipe.methodPosition === undefined)
    return { value: method.name, why: "the default: the recipe names no merge_method" };
  return { value: method.name, why: "the recipe's merge_method", position: recipe.methodPosition };
}

function targetOf({ tensors, layers }: Override): string {
  const parts = [
    ...(tensors === undefined ? [] : [`tensors ${tensors.map((glob) => `"${glob}"`).join(", ")}`]),
    ...(layers === undefined ? [] : [`layers [${layers[0]}, ${layers[1]})`]),
  ];
  return parts.join(" and ");
}

function explainDtype({ recipe, options }: PlanContext): { why: string } {
  if (options.dtype !== undefined) return { why: "the dtype that was asked for with --dtype" };
  if (recipe.outDtype !== undefined) return { why: "the recipe's out_dtype" };
  if (recipe.dtype !== undefined) return { why: "the recipe's dtype" };
  return {
    why: options.fullPrecision === true ? "full precision for the merge that takes it" : "the inputs' dtypes",
  };
}

type InputsWithoutParameters = Omit<ExplainedInput, "parameters">;

function explainInputs(
  row: Row,
  draft: DraftTensor,
  who: Participants,
  { table, recipe }: PlanContext,
): InputsWithoutParameters[] {
  const listed = row.slice.sources;
  const all = [...(who.base === undefined ? [] : [who.base]), ...who.inputs];
  const taken = all.map((participant): InputsWithoutParameters => {
    const { model, source, name } = participant;
    const isBase = participant === who.base;
    const input = [draft.base, ...draft.inputs].find((each) => each?.model === model);
    const { position } = source;
    const at = { model: referenceOf(participant), position };
    if (input === undefined)
      return {
        ...at,
        role: "left out",
        tensor: name,
        why: whyNot(participant, table.at(model).tensors.has(name)),
      };
    const tied = input.tensor === name ? "" : "; it has no such tensor, and its tied embedding stands in";
    const matched = input.rows === undefined ? "" : "; its rows are matched by token";
    const why = (isBase ? "the base model" : whyListed(source, listed, who.override)) + tied + matched;
    return { ...at, role: isBase ? "base" : "input", tensor: input.tensor, dtype: input.dtype, why };
  });
  const others = listed.filter((source) => !all.some((each) => each.source === source));
  return [
    ...taken,
    ...others.map((source): InputsWithoutParameters => {
      const isBase =
        referenceText(source.model) ===
        referenceText(row.slice.baseModel ?? recipe.baseModel ?? source.model);
      const why =
        who.override?.model === undefined && isBase
          ? `the base is no input of ${who.method.name} here`
          : "the override takes one model alone";
      const tensor = row.sourceNames[listed.indexOf(source)] ?? row.name;
      return { role: "left out", model: referenceText(source.model), tensor, why, position: source.position };
    }),
  ];
}

const whyNot = ({ name }: Participant, has: boolean) =>
  has ? "its tensor is not taken" : `it has no ${name}`;

function whyListed(
  source: RecipeSource,
  listed: readonly RecipeSource[],
  override: Override | undefined,
): string {
  if (override?.model !== undefined) return "the override's model";
  return listed.includes(source) ? "listed" : "named by the override";
}

const LEVELS: Readonly<Record<RuleLevel, string>> = {
  override: "the override's parameters",
  source: "the model's own parameters",
  slice: "the slice's parameters",
  module: "the module's parameters",
  recipe: "the recipe's parameters",
  default: "the default",
};

function explainParameter(name: string, found: FoundValue, method: AnyMethod, t: number): ExplainedParameter {
  const { value, level, setting, entry } = found;
  const parts = [level === "default" ? `the default of ${method.name}` : LEVELS[level]];
  if (entry?.filter !== undefined) parts.push(`filter "${entry.filter}"`);
  else if (typeof setting?.value === "object" && "conditions" in setting.value)
    parts.push("the entry without a filter");
  if (entry !== undefined && isGradient(entry.value))
    parts.push(`gradient [${entry.value.join(", ")}] at ${round(t)}`);
  return { name, value, level, why: parts.join(", "), ...(setting && { position: setting.position }) };
}

const isGradient = (value: PlainSetting): value is Extract<PlainSetting, readonly unknown[]> =>
  typeof value === "object";

const round = (value: number) => Number(value.toPrecision(4));

import type { TensorHeader } from "../sources/types.ts";
import { vocabularyProblem } from "../tokenizer/differences.ts";
import { AVERAGE, keepsRows, MEAN } from "../tokenizer/row-map.ts";
import type { Alignment } from "../tokenizer/row-map.ts";
import { bytesPerElement, isFloatDtype, promoteFloat } from "../tensor/dtype.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import { hasTokenRows } from "../tensor/names.ts";
import { elementCount, sameShape } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import type { PlanContext } from "./context.ts";
import type { Match } from "./match-tensors.ts";
import { referenceOf } from "./participants.ts";
import type { Row } from "./row.ts";
import { tiedEmbedding } from "./tied.ts";
import { isOverVocabulary } from "./token-rows.ts";
import type { PlannedSource } from "./types.ts";
import type { NumberedAlignment } from "./vocabularies.ts";

/** A model that can give rows: its stored tensor, with a dtype that can be computed with. */
interface Origin {
  readonly model: number;
  readonly source: PlannedSource & { readonly dtype: FloatDtype };
}

/**
 * Matches the rows of a tensor over the vocabulary by token, where the recipe asks for it: each model's tensor as it
 * is with the output's vocabulary. Rows may come from every model of the recipe that has such a tensor, as a token's
 * row does that only one model has.
 */
export function alignMatches(matches: readonly Match[], row: Row, context: PlanContext): readonly Match[] {
  const { vocabularies } = context;
  const [first] = matches;
  if (vocabularies.merged === undefined || first === undefined || !hasTokenRows(row.name)) return matches;
  const over = matches.filter((match) =>
    isOverVocabulary(row.name, match.header.shape, vocabularies.rows[match.model]),
  );
  if (over.length === 0) return matches;
  if (over.length < matches.length) {
    for (const match of matches) if (!over.includes(match)) reportLength(match, row, context);
    return matches;
  }
  const origins = originsOf(matches, row, first.header.shape.slice(1), context);
  const base = row.slice.baseModel ?? context.recipe.baseModel;
  const positions = origins.map(({ model }) => model);
  const numbered = vocabularies.alignmentOf(positions, base && context.table.position(base));
  return numbered === undefined ? matches : matches.map((match) => alignMatch(match, origins, numbered));
}

/** In the order of the table of models. */
function originsOf(
  matches: readonly Match[],
  row: Row,
  rest: Shape,
  context: PlanContext,
): readonly Origin[] {
  const { table, vocabularies, renamings } = context;
  return table.headers.flatMap((_, model): Origin[] => {
    const name = renamings[model]?.toModel(row.name) ?? row.name;
    const header =
      matches.find((each) => each.model === model)?.header ??
      table.at(model).tensors.get(name) ??
      tiedEmbedding(table.at(model), name, [0, ...rest]);
    if (header === undefined) return [];
    const { shape } = header;
    const fits =
      isOverVocabulary(row.name, shape, vocabularies.rows[model]) && sameShape(shape.slice(1), rest);
    const source = fits ? sourceOf(model, header) : undefined;
    return source === undefined ? [] : [{ model, source }];
  });
}

function sourceOf(model: number, header: TensorHeader): Origin["source"] | undefined {
  const { name: tensor, dtype: storedDtype, shape, file, offset, strides, lowRank } = header;
  const dtype = lowRank === undefined ? storedDtype : "F32";
  if (!isFloatDtype(dtype)) return undefined;
  return {
    ...{ model, tensor, dtype, shape, file, offset },
    ...(strides && { strides }),
    ...(lowRank && { lowRank: { ...lowRank, storedDtype } }),
  };
}

function alignMatch(
  match: Match,
  origins: readonly Origin[],
  { position, alignment }: NumberedAlignment,
): Match {
  const map = origins.findIndex(({ model }) => model === match.model);
  const { header } = match;
  if (map < 0 || keepsRows(alignment, map, header.shape[0] ?? 0)) return match;
  const stored = dtypeOf(alignment, map, origins);
  // Computed rows are rounded once, with the result.
  const dtype = isComputed(alignment, map) ? promoteFloat(stored, "F32") : stored;
  const shape = [alignment.rowCount, ...header.shape.slice(1)];
  const { name, file, offset } = header;
  const byteLength = elementCount(shape) * bytesPerElement(dtype);
  const rows = { alignment: position, map, sources: origins.map(({ source }) => source) };
  return {
    ...match,
    header: { name, file, offset, dtype: stored, shape, byteLength },
    aligned: { rows, dtype },
  };
}

/** The dtype that holds the values of all rows that a model's tensor gets. */
function dtypeOf({ maps, averages }: Alignment, map: number, origins: readonly Origin[]): FloatDtype {
  const used = new Set(maps[map]?.origins);
  if (used.has(AVERAGE)) for (const model of averages.models) used.add(model);
  const dtypes = origins.flatMap(({ source }, at) => (used.has(at) ? [source.dtype] : []));
  return dtypes.reduce(promoteFloat, dtypes[0] ?? origins[map]?.source.dtype ?? "F32");
}

function isComputed({ maps }: Alignment, map: number): boolean {
  return maps[map]?.origins.some((origin) => origin === AVERAGE || origin === MEAN) === true;
}

function reportLength(match: Match, row: Row, { findings, vocabularies }: PlanContext): void {
  const rows = match.header.shape[0] ?? 0;
  findings.add(`rows|${match.model}|${rows}`, row.name, {
    code: "PLAN_TOKENIZER",
    severity: "error",
    sentence: (names) =>
      `${referenceOf(match)} has ${rows} rows in ${names}, and ${vocabularies.rows[match.model] ?? "no"} in its embedding, ` +
      "so that they cannot be matched by token.",
    position: match.source.position,
  });
}

/**
 * Reports models whose rows stand for other tokens than the donor's, where the recipe matches rows by position. True if
 * that is an error: it is none where embeddings are cut on purpose.
 */
export function differsInTokens(matches: readonly Match[], row: Row, context: PlanContext): boolean {
  const { findings, vocabularies, options } = context;
  if (vocabularies.merged !== undefined || !hasTokenRows(row.name)) return false;
  let differs = false;
  for (const match of matches) {
    const difference = vocabularies.differenceOf(match.model);
    if (difference === undefined) continue;
    const { code, severity, message, hint } = vocabularyProblem(difference);
    const finding = { code, position: match.source.position, sentence: () => `${message}.` };
    const cut = options.truncateEmbeddings === true;
    differs ||= severity === "error" && !cut;
    findings.add(
      `vocabulary|${match.model}`,
      row.name,
      cut
        ? { ...finding, severity: "warning" }
        : { ...finding, severity, ...(hint !== undefined && { hint }) },
    );
  }
  return differs;
}

import { PlanError, throwIfErrors } from "../errors.ts";
import type { Recipe } from "../recipe/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { layOut } from "../safetensors/layout.ts";
import { layerOf } from "../tensor/names.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import type { PlanContext, PlanOptions } from "./context.ts";
import { changedDtype } from "./dtypes.ts";
import type { DraftTensor } from "./drafts.ts";
import { explainTensors } from "./explain.ts";
import { reportUnmatchedFilters } from "./filters.ts";
import { Findings } from "./findings.ts";
import { groupTensors } from "./groups.ts";
import { checkArchitectures, DONOR, ModelTable } from "./models.ts";
import { outlineOutput } from "./outline.ts";
import { reportUnusedOverrides } from "./overrides.ts";
import { configEditsOf } from "./output-config.ts";
import { methodNamed } from "./participants.ts";
import { planTensor } from "./plan-tensor.ts";
import { renamingsOf } from "./renaming.ts";
import { rowlessTokens } from "./rowless-tokens.ts";
import { unreadTokenizers } from "./unread-tokenizers.ts";
import { drawsNumbers, modelsOf, passesOf } from "./reads.ts";
import type { MergePlan, PlannedShard, PlannedTensor } from "./types.ts";
import { Vocabularies } from "./vocabularies.ts";
import type { TokenizerInput } from "./vocabularies.ts";

/** Fixed, so that a recipe without a seed gives the same bytes every time. */
const DEFAULT_SEED = 0;

/**
 * Turns a recipe, the headers of its models (by `referenceText`) and what is known of their tokenizers into the plan of
 * the merge. Pure; throws a PlanError that lists every problem found.
 */
export function planMerge(
  recipe: Recipe,
  models: ReadonlyMap<string, ModelHeaders>,
  options: PlanOptions,
  tokenizers: TokenizerInput = { files: new Map() },
): MergePlan {
  const table = new ModelTable(recipe, models);
  const method = methodNamed(recipe.mergeMethod, options.methods);
  const findings = new Findings(recipe);
  const context: PlanContext = {
    recipe,
    options,
    table,
    method,
    findings,
    vocabularies: new Vocabularies(table, tokenizers),
    renamings: renamingsOf(table, findings),
    instead: new Map(),
  };
  checkArchitectures(table, findings);
  const { rows, parts, unequal, complete } = outlineOutput(context);
  const drafts = rows.flatMap((row) => planTensor(row, unequal, context) ?? []);
  if (complete) {
    reportUnusedOverrides(rows, context);
    reportUnmatchedFilters(rows, context);
  }
  throwIfErrors(findings.list(), PlanError);

  const depths = stackDepths(drafts);
  const counted = groupTensors(drafts).map((draft) => ({ ...draft, ...layerCountOf(draft, depths) }));
  const { tensors, shards } = placeTensors(counted, options.maxShardBytes, weightsStem(table.at(DONOR)));
  const layerCount = Math.max(0, ...depths.values());
  const dtype = changedDtype(table.at(DONOR), tensors);
  return {
    version: 1,
    recipe: recipe.file,
    mergeMethod: recipe.mergeMethod,
    models: modelsOf(table, tensors),
    donor: DONOR,
    sideFiles: table.at(DONOR).sideFiles,
    tensors,
    ...tokenizerPlan(context.vocabularies),
    layerCount,
    seed: options.seed ?? recipe.seed ?? DEFAULT_SEED,
    ...(drawsNumbers(tensors, options.methods) && { random: true }),
    ...(options.methodModules !== undefined && { methodModules: options.methodModules }),
    ...(dtype === undefined ? {} : { configDtype: dtype }),
    configEdits: configEditsOf(context, parts, tensors),
    output: {
      shards,
      byteLength: shards.reduce((sum, shard) => sum + shard.byteLength, 0),
      ...compareWithDonor(table.at(DONOR), tensors),
    },
    passes: passesOf(tensors, options.methods),
    ...(options.explain !== undefined && { explanations: explainTensors(rows, drafts, context) }),
    warnings: [
      ...table.headers.flatMap(({ warnings = [] }) => warnings),
      ...(tokenizers.merged?.warnings ?? []),
      ...(table.at(DONOR).leftOut ?? []),
      ...rowlessTokens(context),
      ...unreadTokenizers(context),
      ...findings.list(),
    ],
  };
}

function tokenizerPlan({ merged, alignments }: Vocabularies): Pick<MergePlan, "tokenizer" | "alignments"> {
  if (merged === undefined) return {};
  const { summary, written } = merged;
  const { donor, copied, files, omitted, unreachable } = written;
  return {
    tokenizer: { donor, summary, unreachable, files: { written: [...files.keys()], copied, omitted } },
    ...(alignments.length > 0 && { alignments }),
  };
}

function compareWithDonor(donor: ModelHeaders, tensors: readonly PlannedTensor[]) {
  const names = new Set(tensors.map(({ name }) => name));
  const count = (all: Iterable<{ readonly shape: Shape }>) =>
    [...all].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const parameterCount = count(tensors);
  return {
    parameterCount,
    addedTensors: tensors.filter(({ name }) => !donor.tensors.has(name)).length,
    missingTensors: [...donor.tensors.keys()].filter((name) => !names.has(name)).length,
    addedParameters: parameterCount - count(donor.tensors.values()),
  };
}

/** What the names of the output's weights start with: Diffusers loads no others than those it writes. */
function weightsStem({ files }: ModelHeaders): string {
  const diffusers = "diffusion_pytorch_model";
  return files.length > 0 && files.every(({ name }) => name.startsWith(diffusers)) ? diffusers : "model";
}

function placeTensors(
  tensors: readonly Omit<PlannedTensor, "shard" | "offset">[],
  maxShardBytes: number,
  stem: string,
): { tensors: PlannedTensor[]; shards: PlannedShard[] } {
  const layouts = layOut(tensors, maxShardBytes, stem);
  const places = new Map(
    layouts.flatMap((layout, shard) =>
      layout.tensors.map(({ name, offset }) => [name, { shard, offset }] as const),
    ),
  );
  return {
    tensors: tensors.map((tensor) => ({
      ...tensor,
      ...(places.get(tensor.name) ?? { shard: 0, offset: 0 }),
    })),
    shards: layouts.map(({ name, byteLength, header }) => {
      return { name, byteLength, headerByteLength: header.length };
    }),
  };
}

/** Layers of each stack of the output by its prefix, counted by the numbers in the names. */
function stackDepths(drafts: readonly DraftTensor[]): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  for (const draft of drafts) {
    const prefix = stackOf(draft);
    if (prefix === undefined) continue;
    depths.set(prefix, Math.max(depths.get(prefix) ?? 0, (draft.layer ?? 0) + 1));
  }
  return depths;
}

function layerCountOf(draft: DraftTensor, depths: ReadonlyMap<string, number>): { layerCount?: number } {
  const layerCount = depths.get(stackOf(draft) ?? "");
  return layerCount === undefined ? {} : { layerCount };
}

/** Prefix of the stack that a tensor of a layer is in. */
function stackOf({ name, layer }: DraftTensor): string | undefined {
  return layer === undefined ? undefined : layerOf(name)?.prefix;
}

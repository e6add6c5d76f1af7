import { PlanError, throwIfErrors } from "../errors.ts";
import type { Recipe } from "../recipe/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { layOut } from "../safetensors/layout.ts";
import { elementCount } from "../tensor/shape.ts";
import { layerEdits, tieEdits } from "./config-edits.ts";
import type { PlanContext, PlanOptions } from "./context.ts";
import { changedDtype } from "./dtypes.ts";
import type { DraftTensor } from "./drafts.ts";
import { reportUnmatchedFilters } from "./filters.ts";
import { Findings } from "./findings.ts";
import { groupTensors } from "./groups.ts";
import { checkArchitectures, DONOR, ModelTable } from "./models.ts";
import { outlineOutput } from "./outline.ts";
import { reportUnusedOverrides } from "./overrides.ts";
import { methodNamed } from "./participants.ts";
import { planTensor } from "./plan-tensor.ts";
import { modelsOf, passesOf } from "./reads.ts";
import type { MergePlan, PlannedShard, PlannedTensor } from "./types.ts";

/**
 * Turns a recipe and the headers of its models (by `referenceText`) into the plan of the merge. Pure; throws a
 * PlanError that lists every problem found.
 */
export function planMerge(
  recipe: Recipe,
  models: ReadonlyMap<string, ModelHeaders>,
  options: PlanOptions,
): MergePlan {
  const table = new ModelTable(recipe, models);
  const method = methodNamed(recipe.mergeMethod, options.methods);
  const findings = new Findings(recipe);
  const context: PlanContext = { recipe, options, table, method, findings };
  checkArchitectures(table, findings);
  const { rows, unequal } = outlineOutput(context);
  const drafts = rows.flatMap((row) => planTensor(row, unequal, context) ?? []);
  reportUnusedOverrides(rows, context);
  reportUnmatchedFilters(rows, context);
  const problems = findings.list();
  throwIfErrors(problems, PlanError);

  const { tensors, shards } = placeTensors(groupTensors(drafts), options.maxShardBytes);
  const layerCount = countLayers(tensors);
  const dtype = changedDtype(table.at(DONOR), tensors);
  return {
    version: 1,
    recipe: recipe.file,
    mergeMethod: recipe.mergeMethod,
    models: modelsOf(table, tensors),
    donor: DONOR,
    tensors,
    layerCount,
    ...(dtype === undefined ? {} : { configDtype: dtype }),
    configEdits: configEdits(context, tensors, layerCount),
    output: {
      shards,
      byteLength: shards.reduce((sum, shard) => sum + shard.byteLength, 0),
      parameterCount: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    },
    passes: passesOf(tensors, options.methods),
    warnings: problems,
  };
}

function placeTensors(
  tensors: readonly (DraftTensor & { readonly group?: string })[],
  maxShardBytes: number,
): { tensors: PlannedTensor[]; shards: PlannedShard[] } {
  const layouts = layOut(tensors, maxShardBytes);
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

/** Layers of the longest stack, counted by the numbers in the names. */
function countLayers(tensors: readonly PlannedTensor[]): number {
  return tensors.reduce((count, { layer }) => Math.max(count, (layer ?? -1) + 1), 0);
}

function configEdits(
  { recipe, table }: PlanContext,
  tensors: readonly PlannedTensor[],
  layerCount: number,
): MergePlan["configEdits"] {
  const donor = table.at(DONOR);
  const leads = recipe.slices.flatMap((slice) => slice.sources[0] ?? []);
  return {
    ...(recipe.sliced ? layerEdits(donor, leads, layerCount) : {}),
    ...tieEdits(
      donor,
      table.headers,
      tensors.map(({ name }) => name),
    ),
  };
}

import type { RecipeModule } from "../recipe/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { depthOf, stacksOf } from "../tensor/stacks.ts";
import type { Stack } from "../tensor/stacks.ts";
import { tokenIdEdits, vocabularySizeEdits } from "../tokenizer/config-edits.ts";
import {
  architectureEdits,
  layerEdits,
  layersTaken,
  resizedEdits,
  tieEdits,
  vocabularyEdits,
} from "./config-edits.ts";
import type { ConfigEdits } from "./config-edits.ts";
import type { PlanContext } from "./context.ts";
import { layerKeysOf } from "./layer-keys.ts";
import { DONOR } from "./models.ts";
import type { Part } from "./modules.ts";
import type { PlannedTensor } from "./types.ts";

/** Keys of config.json that the merge makes untrue, with their new values. */
export function configEditsOf(
  context: PlanContext,
  parts: readonly Part[],
  tensors: readonly Pick<PlannedTensor, "name" | "shape">[],
): ConfigEdits {
  const { table } = context;
  const donor = table.at(DONOR);
  const names = tensors.map(({ name }) => name);
  const restacked = parts
    .filter(({ module }) => module.sliced)
    .map((part) => restackEdits(donor, part, context));
  const edits = [
    architectureEdits(donor, table.references[DONOR]?.overrideArchitecture),
    ...restacked,
    ...(context.vocabularies.merged === undefined ? [resizedEdits(donor)] : []),
    ...(context.options.truncateEmbeddings === true ? [vocabularyEdits(donor, tensors)] : []),
    tokenizerEdits(donor, context),
    tieEdits(donor, table.headers, names),
  ];
  return Object.fromEntries(edits.flatMap((each) => Object.entries(each)));
}

/** The number of rows, and the ids of special tokens as the model has them whose tokenizer the output starts from. */
function tokenizerEdits({ config }: ModelHeaders, { table, vocabularies }: PlanContext): ConfigEdits {
  const { merged } = vocabularies;
  if (merged === undefined || config === undefined) return {};
  const { rows, donor } = merged.output;
  return { ...vocabularySizeEdits(config, rows), ...tokenIdEdits(config, table.at(donor).config, rows) };
}

function restackEdits(donor: ModelHeaders, { module, owns }: Part, context: PlanContext): ConfigEdits {
  const [stack] = stacksOf([...donor.tensors.keys()].filter(owns)).values();
  if (stack === undefined || donor.config === undefined) return {};
  const layers = layersTaken(leadsOf(module, context), depthOf(stack));
  const edits = layerEdits(donor, { stack, layers });
  if (layers.length !== depthOf(stack) && layerKeysOf(donor, stack).length === 0)
    reportUnknown(stack, layers, context);
  return edits;
}

/** One source of each slice: the donor, whose config it is, or else the first. */
function leadsOf({ slices }: RecipeModule, { table }: PlanContext) {
  return slices.flatMap(
    ({ sources }) => sources.find(({ model }) => table.position(model) === DONOR) ?? sources[0] ?? [],
  );
}

function reportUnknown(stack: Stack, layers: readonly number[], { table, findings }: PlanContext): void {
  const { reference } = table.at(DONOR);
  findings.add(`layer key|${stack.prefix}`, reference, {
    code: "PLAN_LAYER_COUNT",
    severity: "warning",
    sentence: () =>
      `No key of ${reference}'s config.json counts the layers in ${stack.prefix}, of which the output has ` +
      `${layers.length} instead of ${depthOf(stack)}.`,
    hint: "Correct the output's config.json by hand before you load the model.",
  });
}

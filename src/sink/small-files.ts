import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MergePlan } from "../plan/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { editConfig } from "./config.ts";
import { renderModelCard } from "./model-card.ts";
import { CONFIG_NAME, isWeightName, MODEL_CARD_NAME, RECIPE_NAME } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { SinkOptions, WrittenFile } from "./types.ts";

/** The donor's files of these names (in any case) give way to the output's own. */
const OWN_NAMES: readonly string[] = [CONFIG_NAME, RECIPE_NAME, MODEL_CARD_NAME].map((name) =>
  name.toLowerCase(),
);

/** The donor's small files that the output takes over as they are. */
export const carriedFiles = (donor: ModelHeaders): ModelHeaders["sideFiles"] =>
  donor.sideFiles.filter(({ name }) => !OWN_NAMES.includes(name.toLowerCase()) && !isWeightName(name));

/** Stages config.json, the donor's side files, the recipe and the model card. */
export async function stageSmallFiles(
  staging: Staging,
  directory: string,
  plan: MergePlan,
  { donor, recipeText, methods }: SinkOptions,
): Promise<WrittenFile[]> {
  const folder = await folderOf(donor.location);
  const files: WrittenFile[] = [];
  if (donor.config !== undefined) {
    const { text, edited } = editConfig(await readFile(join(folder, CONFIG_NAME), "utf8"), plan);
    files.push({
      name: CONFIG_NAME,
      byteLength: await staging.write(CONFIG_NAME, text),
      role: "config",
      edited,
    });
  }
  for (const { name } of carriedFiles(donor)) {
    files.push({ name, byteLength: await staging.copy(name, join(folder, name)), role: "copied" });
  }
  const made = {
    [RECIPE_NAME]: recipeText,
    [MODEL_CARD_NAME]: renderModelCard(directory, plan, recipeText, methods),
  };
  for (const [name, text] of Object.entries(made)) {
    files.push({ name, byteLength: await staging.write(name, text), role: "made" });
  }
  return files;
}

const folderOf = async (location: string) =>
  (await stat(location)).isDirectory() ? location : dirname(location);

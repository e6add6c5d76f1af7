import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../errors.ts";
import type { MergePlan } from "../plan/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { editConfig } from "./config.ts";
import { renderModelCard } from "./model-card.ts";
import { CONFIG_NAME, MODEL_CARD_NAME, RECIPE_NAME } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { SinkOptions, WrittenFile } from "./types.ts";

/** Stages config.json, the donor's side files, the recipe and the model card. */
export async function stageSmallFiles(
  staging: Staging,
  directory: string,
  plan: MergePlan,
  donor: ModelHeaders,
  { recipeText, methods, modelCard = true }: SinkOptions,
): Promise<WrittenFile[]> {
  const files: WrittenFile[] = [];
  if (donor.config !== undefined) {
    const path = join(donor.location, CONFIG_NAME);
    const { text, edited } = editConfig(await reading(path, () => readFile(path, "utf8")), plan);
    files.push({
      name: CONFIG_NAME,
      byteLength: await staging.write(CONFIG_NAME, text),
      role: "config",
      edited,
    });
  }
  for (const { name } of donor.sideFiles) {
    const path = join(donor.location, name);
    // Asked first: an error of the copy itself would not tell which of its two files it is about.
    await reading(path, async () => (await open(path, "r")).close());
    files.push({ name, byteLength: await staging.copy(name, path), role: "copied" });
  }
  if (!modelCard) return files;
  const made = {
    [RECIPE_NAME]: recipeText,
    [MODEL_CARD_NAME]: renderModelCard(directory, plan, recipeText, methods),
  };
  for (const [name, text] of Object.entries(made)) {
    files.push({ name, byteLength: await staging.write(name, text), role: "made" });
  }
  return files;
}

async function reading<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const hint = "The output takes over the small files of this model: make it readable or remove it.";
    throw new SourceError("SOURCE_UNREADABLE", `Cannot read ${path}`, { where: path, hint, cause });
  }
}

import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SinkError, SourceError } from "../errors.ts";
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
  { models, recipeText, methods, modelCard = true, ownFiles = new Map(), inputs }: SinkOptions,
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
  for (const { name } of donor.sideFiles)
    if (!ownFiles.has(name)) files.push(await copyFile(staging, name, donor));
  for (const [name, file] of ownFiles) {
    if (file === "none") continue;
    if ("text" in file) {
      const { text, ...rest } = file;
      files.push({ name, byteLength: await staging.write(name, text), ...rest });
      continue;
    }
    const from = models.get(file.from);
    if (from === undefined) throw new SinkError("INTERNAL", `${name} is to be that of an unknown model`);
    files.push({ ...(await copyFile(staging, name, from)), ...(from !== donor && file) });
  }
  if (!modelCard) return files;
  const made = {
    [RECIPE_NAME]: recipeText,
    [MODEL_CARD_NAME]: renderModelCard(directory, plan, recipeText, methods, inputs),
  };
  for (const [name, text] of Object.entries(made)) {
    files.push({ name, byteLength: await staging.write(name, text), role: "made" });
  }
  return files;
}

async function copyFile(staging: Staging, name: string, { location }: ModelHeaders): Promise<WrittenFile> {
  const path = join(location, name);
  // Asked first: an error of the copy itself would not tell which of its two files it is about.
  await reading(path, async () => (await open(path, "r")).close());
  return { name, byteLength: await staging.copy(name, path), role: "copied" };
}

async function reading<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const hint = "The output takes over the small files of this model: make it readable or remove it.";
    throw new SourceError("SOURCE_UNREADABLE", `Cannot read ${path}`, { where: path, hint, cause });
  }
}

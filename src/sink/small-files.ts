import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SinkError, SourceError } from "../errors.ts";
import type { MergePlan } from "../plan/types.ts";
import type { FileContent, ModelHeaders } from "../sources/types.ts";
import { editConfig } from "./config.ts";
import { renderModelCard } from "./model-card.ts";
import { CONFIG_NAME, MODEL_CARD_NAME, RECIPE_NAME } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { SinkOptions, WrittenFile } from "./types.ts";

/** A small file of an output, before it is written. */
type SmallFile = Omit<WrittenFile, "byteLength"> & { readonly content: FileContent };

/** Stages config.json, the donor's side files, the recipe and the model card. */
export async function stageSmallFiles(
  staging: Staging,
  directory: string,
  plan: MergePlan,
  options: SinkOptions,
): Promise<WrittenFile[]> {
  const { recipeText, methods, modelCard = true, inputs } = options;
  const files = [...(await smallFilesOf(plan, options))];
  if (modelCard) {
    const card = renderModelCard(directory, plan, recipeText, methods, inputs);
    files.push({ name: RECIPE_NAME, content: recipeText, role: "made" });
    files.push({ name: MODEL_CARD_NAME, content: card, role: "made" });
  }
  const written: WrittenFile[] = [];
  for (const { content, ...file } of files)
    written.push({ ...file, byteLength: await stage(staging, file.name, content) });
  return written;
}

/** config.json and the side files of a merge's result, whether it is written or computed inside another merge. */
export async function smallFilesOf(
  plan: MergePlan,
  { models, ownFiles = new Map() }: Pick<SinkOptions, "models" | "ownFiles">,
): Promise<readonly SmallFile[]> {
  const donor = donorOf(plan, models);
  const files: SmallFile[] = [];
  if (donor.config !== undefined) {
    const { text, edited } = editConfig(await textOf(contentOf(donor, CONFIG_NAME)), plan);
    files.push({ name: CONFIG_NAME, content: text, role: "config", edited });
  }
  for (const { name } of donor.sideFiles)
    if (!ownFiles.has(name)) files.push({ name, content: contentOf(donor, name), role: "copied" });
  for (const [name, file] of ownFiles) {
    if (file === "none") continue;
    if ("text" in file) {
      const { text, ...rest } = file;
      files.push({ name, content: text, ...rest });
      continue;
    }
    const from = models.get(file.from);
    if (from === undefined) throw new SinkError("INTERNAL", `${name} is to be that of an unknown model`);
    files.push({ name, content: contentOf(from, name), role: "copied", ...(from !== donor && file) });
  }
  return files;
}

export function donorOf(plan: MergePlan, models: SinkOptions["models"]): ModelHeaders {
  const donor = models.get(plan.models[plan.donor]?.reference ?? "");
  if (donor === undefined) throw new SinkError("INTERNAL", "The plan's donor is not among the models");
  return donor;
}

const contentOf = ({ contents, location }: ModelHeaders, name: string): FileContent =>
  contents?.get(name) ?? { path: join(location, name) };

async function textOf(content: FileContent): Promise<string> {
  if (typeof content === "string") return content;
  if ("print" in content) throw new SinkError("INTERNAL", "config.json is no large text");
  const { path } = content;
  return await reading(path, () => readFile(path, "utf8"));
}

/** Writes or copies a file; gives its length in bytes. */
async function stage(staging: Staging, name: string, content: FileContent): Promise<number> {
  if (typeof content === "string" || "print" in content) return await staging.write(name, content);
  const { path } = content;
  // Asked first: an error of the copy itself would not tell which of its two files it is about.
  await reading(path, async () => (await open(path, "r")).close());
  return await staging.copy(name, path);
}

async function reading<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const hint = "The output takes over the small files of this model: make it readable or remove it.";
    throw new SourceError("SOURCE_UNREADABLE", `Cannot read ${path}`, { where: path, hint, cause });
  }
}

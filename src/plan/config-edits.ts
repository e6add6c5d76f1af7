import type { RecipeSource } from "../recipe/types.ts";
import type { JsonObject, JsonValue, ModelHeaders } from "../sources/types.ts";
import { isLanguageHead } from "../tensor/names.ts";
import { configValue } from "./models.ts";
import { statedTie } from "./tied.ts";

const LAYER_COUNT_KEYS = ["num_hidden_layers", "n_layer", "n_layers", "num_layers"];

export interface LayerCountEntry {
  /** Dotted path in config.json. */
  readonly path: string;
  readonly count: number;
  /** The object that holds the key. */
  readonly owner: JsonObject;
}

/** Where a config says how many layers the model has: at the top or in one of its parts. */
export function layerCountEntry(config: JsonObject | undefined): LayerCountEntry | undefined {
  if (config === undefined) return undefined;
  const parts = Object.entries(config).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  for (const [prefix, owner] of [
    ["", config] as const,
    ...parts.map(([key, part]) => [`${key}.`, part] as const),
  ]) {
    for (const key of LAYER_COUNT_KEYS) {
      const count = configValue(owner, key);
      if (typeof count === "number") return { path: prefix + key, count, owner };
    }
  }
  return undefined;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys of config.json that restacked layers make wrong: their number, and lists with one entry per layer. */
export function layerEdits(
  donor: ModelHeaders,
  sources: readonly RecipeSource[],
  layerCount: number,
): Record<string, JsonValue> {
  const entry = layerCountEntry(donor.config);
  if (entry === undefined) return {};
  const origins = sources.flatMap(({ layerRange: [start, end] = [0, entry.count] }) =>
    Array.from({ length: end - start }, (_, i) => start + i),
  );
  const edits: Record<string, JsonValue> = {};
  if (entry.count !== layerCount) edits[entry.path] = layerCount;
  const parent = entry.path.slice(0, entry.path.lastIndexOf(".") + 1);
  for (const [key, value] of Object.entries(entry.owner)) {
    if (!key.includes("layer") || !Array.isArray(value) || value.length !== entry.count) continue;
    const restacked = origins.map((layer) => value[layer] ?? null);
    if (restacked.length === layerCount && restacked.some((each, i) => each !== value[i])) {
      edits[parent + key] = restacked;
    }
  }
  return edits;
}

/**
 * Says that the head stands on its own where the output has one but the donor's config calls it tied, and a model
 * brings a head of its own; otherwise loading would replace the merged head by the embedding.
 */
export function tieEdits(
  donor: ModelHeaders,
  models: readonly ModelHeaders[],
  outputNames: readonly string[],
): Record<string, JsonValue> {
  const head = outputNames.find(isLanguageHead);
  if (head === undefined || statedTie(donor) === false) return {};
  const donorHas = donor.tensors.has(head);
  const untied = models.some((model) => statedTie(model) === false && model.tensors.has(head));
  if (donorHas && (statedTie(donor) === undefined || !untied)) return {};
  return { [tieKey(donor.config)]: false };
}

function tieKey(config: JsonObject | undefined): string {
  const key = "tie_word_embeddings";
  const text = configValue(config, "text_config");
  const nested = text !== undefined && isObject(text) && configValue(text, key) !== undefined;
  return nested && configValue(config, key) === undefined ? `text_config.${key}` : key;
}

import type { RecipeSource } from "../recipe/types.ts";
import { configValue, statedTie } from "../sources/config.ts";
import type { JsonObject, JsonValue, ModelHeaders } from "../sources/types.ts";
import { isLanguageHead, isTokenEmbedding } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Stack } from "../tensor/stacks.ts";
import { layerKeysOf } from "./layer-keys.ts";
import type { LayerKey } from "./layer-keys.ts";

export type ConfigEdits = Readonly<Record<string, JsonValue>>;

/** Lists that name layers by number; all other lists as long as there are layers have an entry for each. */
const INDEX_LIST =
  /^(?:mlp_only_layers|cross_attention_layers|full_attn_idxs|attn_layer_indices|moe_layers)$/;
/** Numbers that are the number of layers where they change nothing. */
const LAST_LAYER_KEYS = ["max_window_layers"];

/** The layers that a stack of the output is made from, in order, as the donor of the config numbers them. */
export interface Restacked {
  readonly stack: Stack;
  readonly layers: readonly number[];
}

/** The layers that the leading sources of slices take. */
export function layersTaken(leads: readonly RecipeSource[], depth: number): number[] {
  return leads.flatMap(({ layerRange: [start, end] = [0, depth] }) =>
    Array.from({ length: end - start }, (_, i) => start + i),
  );
}

/** Keys of config.json that restacked layers make wrong: their number, and lists with one entry per layer. */
export function layerEdits(donor: ModelHeaders, { stack, layers }: Restacked): ConfigEdits {
  const edits = layerKeysOf(donor, stack).map((key) => editsBeside(key, layers));
  return Object.fromEntries(edits.flatMap((each) => Object.entries(each)));
}

function editsBeside({ path, count, owner }: LayerKey, layers: readonly number[]): ConfigEdits {
  const edits: Record<string, JsonValue> = {};
  if (count !== layers.length) edits[path] = layers.length;
  const parent = path.slice(0, path.lastIndexOf(".") + 1);
  for (const [key, value] of Object.entries(owner)) {
    const edited = Array.isArray(value) ? editList(key, value, count, layers) : undefined;
    if (edited !== undefined) edits[parent + key] = edited;
    if (LAST_LAYER_KEYS.includes(key) && value === count && count !== layers.length) {
      edits[parent + key] = layers.length;
    }
  }
  return edits;
}

/** The list as the restacked layers have it; undefined if it is no list of layers or stays the same. */
function editList(
  key: string,
  list: readonly JsonValue[],
  count: number,
  layers: readonly number[],
): JsonValue[] | undefined {
  const isIndexList = INDEX_LIST.test(key);
  if (!isIndexList && (!key.includes("layer") || list.length !== count)) return undefined;
  const edited = isIndexList
    ? [...layers.keys()].filter((at) => list.includes(layers[at] ?? -1))
    : layers.map((layer) => list[layer] ?? null);
  const same = edited.length === list.length && edited.every((each, i) => each === list[i]);
  return same ? undefined : edited;
}

/**
 * Says whether the head stands on its own. With a head in the output, a config that ties it would have it replaced by
 * the embedding on loading (unless the donor stores its tied head, and no model has one of its own). Without one, a
 * config that does not tie it would leave it random.
 */
export function tieEdits(
  donor: ModelHeaders,
  models: readonly ModelHeaders[],
  outputNames: readonly string[],
): ConfigEdits {
  const stated = statedTie(donor.config);
  const key = tieKey(donor.config);
  const head = outputNames.find(isLanguageHead);
  if (head === undefined) {
    const lost = [...donor.tensors.keys()].some(isLanguageHead) && outputNames.some(isTokenEmbedding);
    return lost && stated !== true ? { [key]: true } : {};
  }
  if (stated === false) return {};
  const untied = models.some((model) => statedTie(model.config) === false && model.tensors.has(head));
  if (donor.tensors.has(head) && (stated === undefined || !untied)) return {};
  return { [key]: false };
}

function tieKey(config: JsonObject | undefined): string {
  const key = "tie_word_embeddings";
  return nestedKey(config, key) ?? key;
}

/** Where a config states a key of the language model: at the top or in its part; undefined if nowhere. */
function nestedKey(config: JsonObject | undefined, key: string): string | undefined {
  if (configValue(config, key) !== undefined) return key;
  const text = configValue(config, "text_config");
  const isNested = typeof text === "object" && text !== null && !Array.isArray(text);
  return isNested && configValue(text, key) !== undefined ? `text_config.${key}` : undefined;
}

/** The size of the vocabulary, where the embedding has another number of rows than the donor's. */
export function vocabularyEdits(
  donor: ModelHeaders,
  output: readonly { readonly name: string; readonly shape: Shape }[],
): ConfigEdits {
  const embedding = output.find(({ name }) => isTokenEmbedding(name));
  const rows = embedding?.shape[0];
  if (embedding === undefined || rows === undefined) return {};
  if (rows === donor.tensors.get(embedding.name)?.shape[0]) return {};
  const key = nestedKey(donor.config, "vocab_size");
  return key === undefined ? {} : { [key]: rows };
}

/** The size of the vocabulary, where the donor has an adapter that was trained with added tokens. */
export function resizedEdits({ config, adapter }: ModelHeaders): ConfigEdits {
  const key = adapter?.rows === undefined ? undefined : nestedKey(config, "vocab_size");
  return key === undefined || adapter?.rows === undefined ? {} : { [key]: adapter.rows };
}

/** The name that a reference puts in place of the donor's architectures. */
export function architectureEdits(donor: ModelHeaders, name: string | undefined): ConfigEdits {
  const current = configValue(donor.config, "architectures");
  const same = Array.isArray(current) && current.length === 1 && current[0] === name;
  return name === undefined || donor.config === undefined || same ? {} : { architectures: [name] };
}

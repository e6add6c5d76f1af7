import { configValue } from "../sources/config.ts";
import type { JsonObject, JsonValue, ModelHeaders } from "../sources/types.ts";
import { depthOf, stacksOf } from "../tensor/stacks.ts";
import type { Stack } from "../tensor/stacks.ts";

/** A key of config.json that says how many layers a part of the model has. */
export interface LayerKey {
  /** Dotted path in config.json. */
  readonly path: string;
  readonly count: number;
  /** The object that holds the key. */
  readonly owner: JsonObject;
}

/** What a stack of layers does, as far as names of configs tell it apart. */
type Role = "vision" | "audio" | "text" | "decoder" | "encoder" | "main";

const COUNT_KEY = /^(?:num_hidden_layers|n_layers?|num_layers|depth|(?:num_)?(?:encoder|decoder)_layers)$/;

/** The first that fits; a text decoder within a model of several parts is "text". */
const ROLE_WORDS: readonly (readonly [Role, RegExp])[] = [
  ["vision", /vision|visual|image|(?:^|[._])vit(?:[._]|$)/],
  ["audio", /audio|speech/],
  ["text", /text|language|llm/],
  ["decoder", /decoder/],
  ["encoder", /encoder/],
];

const roleOf = (words: string): Role => ROLE_WORDS.find(([, pattern]) => pattern.test(words))?.[0] ?? "main";

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** All keys of a config that count layers, at the top or in one of its parts. */
function layerKeys(config: JsonObject): LayerKey[] {
  const parts = Object.entries(config).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  const owners = [["", config] as const, ...parts.map(([key, part]) => [`${key}.`, part] as const)];
  return owners.flatMap(([prefix, owner]) =>
    Object.keys(owner).flatMap((key) => {
      const count = COUNT_KEY.test(key) ? configValue(owner, key) : undefined;
      return typeof count === "number" ? [{ path: prefix + key, count, owner }] : [];
    }),
  );
}

/** The keys that count the layers of one of a model's stacks; none if the config does not say. */
export function layerKeysOf(model: ModelHeaders, stack: Stack): LayerKey[] {
  const keys = layerKeys(model.config ?? {});
  const role = roleOf(stack.prefix);
  const isTop = ({ path }: LayerKey) => !path.includes(".");
  const ofRole = (wanted: Role) => keys.filter(({ path }) => roleOf(path) === wanted);
  const main = ofRole("main").filter(isTop);
  const own = role === "main" ? [...main, ...(main.length > 0 ? [] : ofRole("text"))] : ofRole(role);
  // T5 counts its encoder in "num_layers", BART in "encoder_layers" and once more in "num_hidden_layers".
  const all = role === "encoder" || own.length === 0 ? [...own, ...main] : own;
  if (stacksOf(model.tensors.keys()).size > 1) return all.filter(({ count }) => count === depthOf(stack));
  const [first] = all.length > 0 ? all : keys;
  return all.length > 0 ? all.filter(({ count }) => count === first?.count) : keys.slice(0, 1);
}

import { SourceError } from "../errors.ts";
import { JsonReader } from "../safetensors/json-reader.ts";
import type { JsonObject, JsonValue } from "./types.ts";

/** Label maps of twenty thousand classes take 2 MB. */
export const MAX_CONFIG_BYTES = 4 * 2 ** 20;

/** JSON as Python writes it, with null in place of NaN and Infinity, which it allows. */
export const plainJson = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|\bNaN\b|-?\bInfinity\b/g, (token) =>
    token.startsWith('"') ? token : "null",
  );

/** Parses config.json as Python writes it; `file` is for messages. */
export function parseConfig(text: string, file: string): JsonObject {
  const json = plainJson(text);
  const reader = new JsonReader(json, (what, at) => {
    const lines = json.slice(0, at).split("\n");
    const place = `${file}:${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
    return new SourceError("SOURCE_CONFIG", `${place} is not valid JSON: ${what}`, { where: place });
  });
  // Before JSON.parse, for the place of an error and a bound on nesting.
  const isObject = reader.peek() === "{";
  reader.value();
  reader.end();
  if (!isObject) throw new SourceError("SOURCE_CONFIG", `${file} is not a JSON object`, { where: file });
  return JSON.parse(json) as JsonObject;
}

/** What a config says of tying the language head to the token embedding; undefined if it says nothing. */
export function statedTie(config: JsonObject | undefined): boolean | undefined {
  const text = configValue(config, "text_config");
  const nested = typeof text === "object" && text !== null && !Array.isArray(text) ? text : undefined;
  const stated = configValue(config, "tie_word_embeddings") ?? configValue(nested, "tie_word_embeddings");
  return typeof stated === "boolean" ? stated : undefined;
}

/** The architectures that a config names. */
export function architecturesOf(config: JsonObject | undefined): string[] {
  const names = configValue(config, "architectures");
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}

/** A value of config.json, never one that every object inherits. */
export function configValue(config: JsonObject | undefined, key: string): JsonValue | undefined {
  return config !== undefined && Object.hasOwn(config, key) ? config[key] : undefined;
}

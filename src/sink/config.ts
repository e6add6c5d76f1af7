import { dtypeFromRecipe, isFloatDtype, torchName } from "../tensor/dtype.ts";
import type { MergePlan } from "../plan/types.ts";
import type { JsonObject, JsonValue } from "../sources/types.ts";

export interface EditedConfig {
  readonly text: string;
  /** Dotted paths of the values that differ from the donor's. */
  readonly edited: readonly string[];
}

/** transformers wrote "torch_dtype" up to version 4 and writes "dtype" since. */
const DTYPE_KEYS = ["torch_dtype", "dtype"];

/**
 * config.json of the output: the donor's text with the plan's edits. Without an edit it comes back unchanged; with
 * one it is formatted anew, keys in their order and numbers as they were spelt (1.0 stays a float to Python).
 */
export function editConfig(
  donorText: string,
  plan: Pick<MergePlan, "configDtype" | "configEdits">,
): EditedConfig {
  const config = parseKeepingNumbers(donorText);
  if (!isObject(config)) return { text: donorText, edited: [] };
  const edited: string[] = [];
  if (plan.configDtype !== undefined && isFloatDtype(plan.configDtype)) {
    setDtype(config, torchName(plan.configDtype), [], edited);
  }
  for (const [path, value] of Object.entries(plan.configEdits)) {
    if (setPath(config, path.split("."), parseKeepingNumbers(JSON.stringify(value)))) edited.push(path);
  }
  return { text: edited.length === 0 ? donorText : printKeepingNumbers(config), edited };
}

/** Sets every dtype that the config itself states, in nested configs too; none is added where there was none. */
function setDtype(config: JsonObject, name: string, path: readonly string[], edited: string[]): void {
  for (const [key, value] of Object.entries(config)) {
    const here = [...path, key];
    if (DTYPE_KEYS.includes(key) && typeof value === "string" && dtypeFromRecipe(value) !== undefined) {
      if (setPath(config, [key], name)) edited.push(here.join("."));
    } else if (isObject(value) && key !== "quantization_config") {
      setDtype(value, name, here, edited);
    }
  }
}

/** True if the value changed. Missing parents are made; nothing is ever looked up on a prototype. */
function setPath(config: JsonObject, path: readonly string[], value: JsonValue): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return false;
  const old = Object.hasOwn(config, key) ? config[key] : undefined;
  if (rest.length === 0) {
    if (JSON.stringify(old) === JSON.stringify(value)) return false;
    define(config, key, value);
    return true;
  }
  if (isObject(old)) return setPath(old, rest, value);
  const made: JsonObject = {};
  define(config, key, made);
  return setPath(made, rest, value);
}

// An assignment would set the prototype for the key "__proto__".
function define(config: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(config, key, { value, enumerable: true, writable: true, configurable: true });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A private-use character in front of a number that stands in the tree as a string. */
const NUMBER_MARK = "\uE000";
/** Numbers as Python's json module reads and writes them. */
const NUMBER = "-?\\d[\\d.eE+-]*|-?Infinity|NaN";

function parseKeepingNumbers(text: string): JsonValue {
  const tokens = new RegExp(`"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"|${NUMBER}`, "g");
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') ? token : `"${NUMBER_MARK}${token}"`,
  );
  return JSON.parse(marked) as JsonValue;
}

function printKeepingNumbers(config: JsonValue): string {
  const marked = new RegExp(`"${NUMBER_MARK}(${NUMBER})"`, "g");
  return `${JSON.stringify(config, null, 2).replace(marked, "$1")}\n`;
}

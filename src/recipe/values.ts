import type { ParameterSpec } from "../methods/params.ts";
import type { ParameterValue } from "./types.ts";

const DIGITS = "\\d+(?:_\\d+)*";

/** A decimal number as text: what mergekit reads as a number although YAML 1.1 does not (`1e-5`, `"0.5"`). */
export const DECIMAL_PATTERN = `^\\s*[-+]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:[eE][-+]?\\d+)?\\s*$`;
const DECIMAL = new RegExp(DECIMAL_PATTERN);

const TRUE_WORDS = ["true", "yes", "on", "t", "y", "1"];
const FALSE_WORDS = ["false", "no", "off", "f", "n", "0"];

const anyCase = (word: string) => word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);

/** The words for true and false, in any case: JSON Schema's patterns have no flag for that. */
export const FLAG_PATTERN = `^(?:${[...TRUE_WORDS, ...FALSE_WORDS].map(anyCase).join("|")})$`;

function toNumber(value: ParameterValue): ParameterValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && DECIMAL.test(value)) return Number(value.replaceAll("_", ""));
  return value;
}

function toFlag(value: ParameterValue): ParameterValue {
  if (value === 0 || value === 1) return value === 1;
  if (typeof value !== "string") return value;
  const word = value.toLowerCase();
  return TRUE_WORDS.includes(word) ? true : FALSE_WORDS.includes(word) ? false : value;
}

/**
 * The value as the parameter's own type, as mergekit converts it: booleans and numeric text to numbers, 0, 1 and words
 * such as "no" to booleans. A value that has no such reading is returned as it is, for the check to refuse.
 */
export function coerceValue(spec: ParameterSpec, value: ParameterValue): ParameterValue {
  if (spec.type === "boolean") return toFlag(value);
  return spec.type === "choice" ? value : toNumber(value);
}

/** The values that a parameter takes, in words: "a number from 0 to 1". */
export function describeValues(spec: ParameterSpec): string {
  if (spec.type === "boolean") return "true or false";
  if (spec.type === "choice") return `one of ${spec.choices.map((choice) => `"${choice}"`).join(", ")}`;
  const noun = spec.type === "integer" ? "a whole number" : "a number";
  const { minimum, maximum } = spec;
  if (minimum !== undefined && maximum !== undefined) return `${noun} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${noun} of at least ${minimum}`;
  return maximum === undefined ? noun : `${noun} of at most ${maximum}`;
}

/** True if a value, already coerced, is one that the parameter takes. */
export function isAllowedValue(spec: ParameterSpec, value: ParameterValue): boolean {
  if (spec.type === "boolean") return typeof value === "boolean";
  if (spec.type === "choice") return (spec.choices as readonly ParameterValue[]).includes(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (spec.type === "integer" && !Number.isInteger(value)) return false;
  return value >= (spec.minimum ?? -Infinity) && value <= (spec.maximum ?? Infinity);
}

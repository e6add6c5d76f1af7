import { MAX_LIST_LENGTH, MAX_NAME_LENGTH } from "./limits.ts";
import { DECIMAL_PATTERN, describeValues, FLAG_PATTERN } from "./values.ts";
import type { ParameterSpec } from "../methods/params.ts";
import type { JsonObject } from "../sources/types.ts";

function scalarSchema(spec: ParameterSpec): JsonObject {
  if (spec.type === "choice") return { enum: [...spec.choices] };
  if (spec.type === "boolean") {
    return { type: ["boolean", "integer", "string"], minimum: 0, maximum: 1, pattern: FLAG_PATTERN };
  }
  const schema: JsonObject = { type: [spec.type, "string"], pattern: DECIMAL_PATTERN };
  if (spec.minimum !== undefined) schema.minimum = spec.minimum;
  if (spec.maximum !== undefined) schema.maximum = spec.maximum;
  return schema;
}

function description(spec: ParameterSpec): string {
  const effect = spec.noEffect === undefined ? "" : `\n\nHas no effect: ${spec.noEffect}`;
  const need = spec.default === undefined && spec.optional !== true ? "Required; " : "";
  return `${spec.doc}\n\n${need}${describeValues(spec)}, a list of them over the layers, or a list of {filter, value}.${effect}`;
}

const listOf = (items: JsonObject): JsonObject => ({ type: "array", maxItems: MAX_LIST_LENGTH, items });

/**
 * What a parameter may be set to: a value, a gradient (list of values), a list of {filter, value}, or one of those.
 * Written with if/then rather than anyOf, so that a fault is reported at its own place.
 */
export function settingSchema(spec: ParameterSpec): JsonObject {
  const scalar = scalarSchema(spec);
  const plain = { if: { type: "array" }, then: listOf(scalar), else: scalar };
  const condition: JsonObject = {
    type: "object",
    additionalProperties: false,
    required: ["value"],
    properties: {
      filter: {
        description: 'Part of a tensor\'s name, letter by letter; "*" or nothing: every tensor.',
        type: "string",
        maxLength: MAX_NAME_LENGTH,
      },
      value: { description: "The value where the filter applies, or a gradient over the layers.", ...plain },
    },
  };
  const list = {
    if: { contains: { type: "object" } },
    then: listOf(condition),
    else: listOf(scalar),
  };
  const schema: JsonObject = {
    description: description(spec),
    if: { type: "array" },
    then: list,
    else: { if: { type: "object" }, then: condition, else: scalar },
  };
  if (spec.default !== undefined) schema.default = spec.default;
  // Editors offer the default and the examples, but do not look for values behind if/then.
  const values = spec.type === "boolean" ? [true, false] : spec.type === "choice" ? spec.choices : [];
  const others = values.filter((value) => value !== spec.default);
  if (others.length > 0) schema.examples = others;
  return schema;
}

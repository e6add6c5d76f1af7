import { MAX_NAME_LENGTH } from "./limits.ts";
import type { JsonObject } from "../sources/types.ts";

export const ref = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });
/** Which parameters there are depends on the method: a branch says it. */
export const parameters = (description: string): JsonObject => ({ description, type: "object" });

export const record = (description: string, required: string[], properties: JsonObject): JsonObject => ({
  description,
  type: "object",
  additionalProperties: false,
  required,
  properties,
});

export const list = (description: string, items: JsonObject, maxItems: number): JsonObject => ({
  description,
  type: "array",
  minItems: 1,
  maxItems,
  items,
});

export const name = (description: string): JsonObject => ({
  description,
  type: "string",
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
});

export const range = (description: string): JsonObject => ({
  description,
  type: "array",
  minItems: 2,
  maxItems: 2,
  items: { type: "integer", minimum: 0 },
});

/** A string, or a mapping with the given key and others. */
export const nameOr = (description: string, key: string, properties: JsonObject): JsonObject => ({
  ...record(description, [key], properties),
  type: ["string", "object"],
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
});

/** A mapping whose keys the user chooses. */
export const mapOf = (description: string, values: JsonObject, maxProperties: number): JsonObject => ({
  description,
  type: "object",
  minProperties: 1,
  maxProperties,
  additionalProperties: values,
});

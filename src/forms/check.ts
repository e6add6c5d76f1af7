import type { JsonObject, JsonValue } from "../sources/types.ts";
import type { Form } from "./forms.ts";

/**
 * Holds a parsed JSON document against a form; gives what is wrong with it, by its path ("files[3].name is missing"), or
 * undefined. Knows the keywords that forms are made of, and no others.
 */
export function faultOf<T>(form: Form<T>, document: unknown): string | undefined {
  return fault(form.schema, document, "");
}

/** The document, if nothing is wrong with it. */
export function conforms<T>(form: Form<T>, document: unknown): document is T {
  return faultOf(form, document) === undefined;
}

function fault(schema: JsonObject, value: unknown, path: string): string | undefined {
  const name = path === "" ? "the document" : path;
  const { const: only, type, enum: among } = schema;
  if (only !== undefined) return value === only ? undefined : `${name} is not ${JSON.stringify(only)}`;
  if (Array.isArray(among) && !among.includes(value as JsonValue))
    return `${name} is none of ${JSON.stringify(among)}`;
  if (type === "object")
    return isObject(value) ? faultOfObject(schema, value, path) : `${name} is not an object`;
  if (type === "array")
    return Array.isArray(value) ? faultOfList(schema, value, path) : `${name} is not a list`;
  if (type === "integer" && !Number.isSafeInteger(value)) return `${name} is not a whole number`;
  if (type === "number" && typeof value !== "number") return `${name} is not a number`;
  if ((type === "string" || type === "boolean") && typeof value !== type) return `${name} is not a ${type}`;
  return faultOfScalar(schema, value, name);
}

function faultOfScalar(
  { minimum, maximum, pattern }: JsonObject,
  value: unknown,
  name: string,
): string | undefined {
  if (typeof minimum === "number" && typeof value === "number" && value < minimum)
    return `${name} is below ${minimum}`;
  if (typeof maximum === "number" && typeof value === "number" && value > maximum)
    return `${name} is above ${maximum}`;
  if (typeof pattern === "string" && typeof value === "string" && !new RegExp(pattern).test(value))
    return `${name} does not match ${pattern}`;
  return undefined;
}

function faultOfList({ items }: JsonObject, list: readonly unknown[], path: string): string | undefined {
  for (const [at, item] of list.entries()) {
    const found = fault(asSchema(items), item, `${path}[${at}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function faultOfObject(schema: JsonObject, value: object, path: string): string | undefined {
  const { properties, required, additionalProperties } = schema;
  const known = asSchema(properties);
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  const missing =
    Array.isArray(required) && required.find((key) => typeof key === "string" && !Object.hasOwn(value, key));
  if (typeof missing === "string") return `${at(missing)} is missing`;
  for (const [key, item] of Object.entries(value)) {
    const own = Object.hasOwn(known, key) ? known[key] : additionalProperties;
    if (own === false) return `${at(key)} is not known`;
    const found = fault(asSchema(own), item, at(key));
    if (found !== undefined) return found;
  }
  return undefined;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const asSchema = (value: JsonValue | undefined): JsonObject => (isObject(value) ? (value as JsonObject) : {});

import type { JsonObject } from "../sources/types.ts";

/** A JSON schema that knows, for the compiler alone, the type of what it describes: both are written once. */
export interface Form<T> {
  readonly schema: JsonObject;
  /** Never there. */
  readonly type?: T;
}

/** A key that may be absent. */
interface OptionalForm<T> extends Form<T> {
  readonly optional: true;
}

export type TypeOf<F> = F extends Form<infer T> ? T : never;

type Properties = Readonly<Record<string, Form<unknown>>>;
type OptionalKeys<P> = { [K in keyof P]: P[K] extends OptionalForm<unknown> ? K : never }[keyof P];
type Flat<T> = { [K in keyof T]: T[K] };
type ObjectOf<P extends Properties> = Flat<
  { readonly [K in Exclude<keyof P, OptionalKeys<P>>]: TypeOf<P[K]> } & {
    readonly [K in OptionalKeys<P>]?: TypeOf<P[K]>;
  }
>;

export const text = (description: string): Form<string> => ({ schema: { description, type: "string" } });
export const number = (description: string): Form<number> => ({ schema: { description, type: "number" } });
/** A text of which the whole matches. */
export const matching = (description: string, pattern: RegExp): Form<string> => ({
  schema: { description, type: "string", pattern: pattern.source },
});
/** A whole number from 0. */
export const count = (description: string): Form<number> => ({
  schema: { description, type: "integer", minimum: 0 },
});
/** A share of 1. */
export const share = (description: string): Form<number> => ({
  schema: { description, type: "number", minimum: 0, maximum: 1 },
});
export const flag = (description: string): Form<boolean> => ({ schema: { description, type: "boolean" } });

export const constant = <const V extends number>(description: string, value: V): Form<V> => ({
  schema: { description, const: value },
});

export const oneOf = <const V extends string>(description: string, values: readonly V[]): Form<V> => ({
  schema: { description, type: "string", enum: [...values] },
});

export const list = <T>(description: string, items: Form<T>): Form<readonly T[]> => ({
  schema: { description, type: "array", items: items.schema },
});

export const map = <T>(description: string, values: Form<T>): Form<Readonly<Record<string, T>>> => ({
  schema: { description, type: "object", additionalProperties: values.schema },
});

export const optional = <T>(form: Form<T>): OptionalForm<T> => ({ schema: form.schema, optional: true });

const isOptional = (form: Form<unknown>) => "optional" in form;

export const object = <P extends Properties>(description: string, properties: P): Form<ObjectOf<P>> => ({
  schema: {
    description,
    type: "object",
    additionalProperties: false,
    required: Object.keys(properties).filter((key) => !isOptional(properties[key] ?? { schema: {} })),
    properties: Object.fromEntries(Object.entries(properties).map(([key, { schema }]) => [key, schema])),
  },
});

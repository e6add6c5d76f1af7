import type { Shape } from "../tensor/shape.ts";
import type { Strides } from "../tensor/strides.ts";
import type { Meaning } from "./globals.ts";

/** What a pickle holds. Dictionaries of any Python class are Maps, tuples, lists and sizes arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | NamedGlobal
  | StoredElements
  | TensorView
  | Opaque;

/** A Python class or function by its name: text, never code. */
export interface NamedGlobal {
  readonly kind: "global";
  /** "torch._utils._rebuild_tensor_v2". */
  readonly name: string;
  readonly meaning: Meaning;
}

/** A file's worth of elements, which tensors may share. */
export interface StoredElements {
  readonly kind: "storage";
  /** Name of the entry in the checkpoint's data folder. */
  readonly key: string;
  /** Safetensors spelling; torch's name where safetensors has none; undefined for plain bytes. */
  readonly dtype: string | undefined;
  /** Elements, or bytes if there is no dtype. */
  readonly length: number;
}

export interface TensorView {
  readonly kind: "tensor";
  readonly storage: StoredElements;
  readonly dtype: string;
  /** In elements. */
  readonly storageOffset: number;
  readonly shape: Shape;
  readonly strides: Strides;
  /** Its values are not what the bytes say: torch conjugates or negates them when they are read. */
  readonly lazy?: string;
}

/** Something that holds no tensor and of which nothing else is asked. */
export interface Opaque {
  readonly kind: "opaque";
}

export const OPAQUE: Opaque = { kind: "opaque" };

type Kind = (NamedGlobal | StoredElements | TensorView | Opaque)["kind"];

/** Tells the objects of a pickle apart from each other and from plain values. */
export function isKind<K extends Kind>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { readonly kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

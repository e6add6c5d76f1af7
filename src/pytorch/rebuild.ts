import { isKind, OPAQUE } from "./values.ts";
import type { NamedGlobal, PickleValue, StoredElements, TensorView } from "./values.ts";

/** torch has no tensors of more axes. */
const MAX_AXES = 64;

/** Throws the error for a pickle that says something else than torch.save does. */
export type Refuse = (what: string) => never;

/** What a call written in a pickle stands for: read off its arguments, since nothing is ever called. */
export function rebuild(callee: NamedGlobal, args: readonly PickleValue[], refuse: Refuse): PickleValue {
  const { meaning, name } = callee;
  switch (meaning.is) {
    case "tensor":
      return tensorOf(callee, args, refuse);
    case "parameter":
      return isKind(args[0], "tensor") ? args[0] : refuse(`${name} is given no tensor`);
    case "subclass":
      return subclassOf(name, args, refuse);
    case "map":
      // Entries come with the call or, most often, one by one after it. No copy: many could be asked for.
      return args[0] instanceof Map ? args[0] : new Map();
    case "list":
      return Array.isArray(args[0]) ? args[0] : [];
    case "opaque":
      return OPAQUE;
    case "storage":
    case "dtype":
      return refuse(`${name} is called`);
  }
}

function subclassOf(name: string, args: readonly PickleValue[], refuse: Refuse): PickleValue {
  const [callee, , inner] = args;
  if (!isKind(callee, "global") || !Array.isArray(inner)) return refuse(`${name} has other arguments`);
  // One level is all that torch writes; more would be a way to make this recurse.
  if (callee.meaning.is === "subclass") return refuse(`${name} is given itself`);
  return rebuild(callee, inner, refuse);
}

function tensorOf({ meaning, name }: NamedGlobal, args: readonly PickleValue[], refuse: Refuse): TensorView {
  if (meaning.is !== "tensor" || args.length < meaning.argumentCount)
    return refuse(`${name} lacks arguments`);
  const [storage, storageOffset, sizes, steps] = args;
  if (!isKind(storage, "storage")) return refuse(`${name} is given no storage`);
  const shape = counts(sizes);
  const strides = counts(steps);
  if (!isCount(storageOffset) || shape === undefined || strides?.length !== shape.length)
    return refuse(`${name} is given an impossible offset, size or stride`);
  const stated = meaning.dtypeAt === undefined ? undefined : args[meaning.dtypeAt];
  const dtype = isKind(stated, "global") && stated.meaning.is === "dtype" ? stated.meaning.dtype : undefined;
  const lazy = lazinessOf(args[meaning.argumentCount]);
  const known = storage.dtype ?? dtype ?? refuse(`${name} is given no dtype`);
  const view = { kind: "tensor", storage, dtype: known, storageOffset, shape, strides } as const;
  return lazy === undefined ? view : { ...view, lazy };
}

/** "conj" or "neg", set in the last argument of views whose values torch computes only when they are read. */
function lazinessOf(metadata: PickleValue | undefined): string | undefined {
  if (!(metadata instanceof Map)) return undefined;
  return ["conj", "neg"].find((key) => metadata.get(key) === true);
}

/** The storage that a persistent id names: ("storage", class, key, device, number of elements). */
export function storageOf(id: PickleValue, refuse: Refuse): StoredElements {
  const [tag, type, key, , length] = Array.isArray(id) ? id : [];
  if (tag !== "storage" || !isKind(type, "global") || type.meaning.is !== "storage")
    return refuse("a persistent id is not that of a storage");
  if (typeof key !== "string" || !isCount(length))
    return refuse("a storage has an impossible key or number of elements");
  return { kind: "storage", key, dtype: type.meaning.dtype, length };
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A copy, since the pickle may go on to change its own. */
function counts(value: PickleValue | undefined): number[] | undefined {
  return Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount) ? [...value] : undefined;
}

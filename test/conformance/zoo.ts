import { makeNormal, seedFromText } from "../fixtures/random.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";

/** Shapes at which a method may stumble: no axis, one element, nothing, one row, one column, one segment and one. */
const SHAPES: readonly (readonly number[])[] = [
  [],
  [1],
  [0],
  [0, 3],
  [1, 7],
  [7, 1],
  [5, 6],
  [3, 2, 4, 5],
  [4097],
];

/** Dtypes of base and fine-tunes, in turn. */
const DTYPES: Readonly<Record<string, readonly TinyDtype[]>> = {
  F32: ["F32"],
  F16: ["F16"],
  BF16: ["BF16"],
  F64: ["F64"],
  halves: ["BF16", "F16"],
  mixed: ["F32", "BF16", "F16", "F32"],
  wide: ["F32", "F64"],
};

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Models whose tensors are every shape in every dtype; tensors are named layers.<i>.<dtype>.<shape>. */
function makeZoo(
  modelCount: number,
  valuesOf: (name: string, model: number) => () => number,
): FixtureTensors[] {
  return Array.from({ length: modelCount }, (_, model) => {
    const tensors: Record<string, FixtureTensor> = {};
    for (const [label, dtypes] of Object.entries(DTYPES)) {
      SHAPES.forEach((shape) => {
        const name = `layers.0.${label}.${shape.length === 0 ? "scalar" : shape.join("x")}`;
        const dtype = dtypes[model % dtypes.length] ?? "F32";
        const next = valuesOf(name, model);
        const values = Array.from({ length: sizeOf(shape) }, () => roundTo(next(), dtype));
        tensors[name] = { dtype, shape, values };
      });
    }
    return tensors;
  });
}

/** A base and fine-tunes whose task vectors share a direction; values of all tensors are around 1 in size. */
export function makeFamilyZoo(modelCount: number, seed = 1): FixtureTensors[] {
  return makeZoo(modelCount, (name, model) => {
    const part = (label: string) => makeNormal(seedFromText(`${name} ${label}`, seed));
    const [base, shared, own] = [part("base"), part("shared"), part(`own ${String(model)}`)];
    return () => base() + (model === 0 ? 0 : 0.2 * (shared() + own()));
  });
}

/** Models that all hold the same numbers, of eight significant bits so that every dtype stores them exactly. */
export function makeEqualZoo(modelCount: number, seed = 1): FixtureTensors[] {
  return makeZoo(modelCount, (name) => {
    const normal = makeNormal(seedFromText(name, seed));
    return () => Math.max(-127, Math.min(127, Math.round(40 * normal()))) / 64;
  });
}

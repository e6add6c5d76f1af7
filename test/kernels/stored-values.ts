import { readFileSync } from "node:fs";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { encodeHalfBits } from "../../src/tensor/half.ts";
import { makeNormal } from "../fixtures/random.ts";

export const memory = new WebAssembly.Memory({ initial: 48 });
export const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
export const twin = referenceKernels(memory);

const at = (k: number) => FIRST_FREE_ADDRESS + k * 16_384;
/** Stored base and models, results, scratch; vectors of f32 values; a table of counts, which comes last. */
export const ADDRESSES = {
  B: at(0),
  X: at(1),
  Y: at(2),
  OUT: at(3),
  WORK: at(4),
  COUNTS: at(5),
  P: at(6),
  Q: at(7),
  BASE: at(8),
  SUM: at(9),
  COUNT: at(10),
  ALONE: at(11),
  TABLE: at(12),
} as const;
export const DTYPES = ["F32", "BF16", "F16"] as const;
export type Dtype = (typeof DTYPES)[number];

/** Models near a base, with equal values, equal differences, zeros of both signs and, on request, values not finite. */
export function fillStored(dtype: Dtype, finite: boolean): void {
  const { B, X, Y } = ADDRESSES;
  const normal = makeNormal(5);
  const put = (address: number, i: number, value: number) => {
    if (dtype === "F32") new Float32Array(memory.buffer, address, 1100)[i] = value;
    else new Uint16Array(memory.buffer, address, 1100)[i] = encodeHalfBits(dtype, value);
  };
  for (let i = 0; i < 1100; i++) {
    const base = [0, -0, 1, normal()][i % 4] ?? 0;
    put(B, i, base);
    put(X, i, base + ([0, 0.25, normal(), -0.25, normal() / 8][i % 5] ?? 0));
    put(Y, i, finite || i % 300 !== 250 ? base + ([normal(), -0.25, 0.5, 0][i % 4] ?? 0) : Infinity);
  }
}

export const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
/** Keys of magnitudes that the values have. */
export const [QUARTER, HALF, ONE] = [bitsOf(0.25), bitsOf(0.5), bitsOf(1)];

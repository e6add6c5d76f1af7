import type { Address } from "./address.ts";
import type { ImportanceKernels } from "./importance.ts";

const r = Math.fround;

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

/** Horner's scheme, rounded after every operation; coefficients from the highest degree down. */
function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, c, i) => (i === 0 ? r(c) : r(r(sum * x) + r(c))), 0);
}

const EXP = [0.00836914982, 0.0419175166, 0.166665052, 0.499988693, 1, 1];
const EXPM1 = [0.00833721563, 0.0416938444, 0.166666651, 0.499999894, 1];
const EXCESS = [0.0327605733, -0.0504524985, 0.08334268, -0.166664932, 0.499999986];
const ROUNDER = 12_582_912;
const BLOCK = 64;

function exp(x: number): number {
  const clamped = Math.max(x, -87);
  const n = r(r(r(clamped * r(1.44269504)) + ROUNDER) - ROUNDER);
  const rest = r(r(clamped - r(n * r(0.693359375))) - r(n * r(-2.1219444e-4)));
  return r(polynomial(rest, EXP) * 2 ** n);
}

const expm1 = (x: number): number => r(polynomial(x, EXPM1) * x);

/** Four lanes, in f32 within blocks and in f64 across, added in order. */
function laneSum(values: ArrayLike<number>): number {
  const lanes = [0, 0, 0, 0];
  for (let start = 0; start < values.length; start += BLOCK)
    lanes.forEach((total, lane) => {
      let sum = 0;
      const end = Math.min(start + BLOCK, values.length);
      for (let i = start + lane; i < end; i += 4) sum = r(sum + at(values, i));
      lanes[lane] = total + sum;
    });
  return lanes.reduce((total, lane) => total + lane, 0);
}

/** The scalar twin of the kernels for importances. */
export function referenceImportance(memory: WebAssembly.Memory): ImportanceKernels {
  const f32 = (ptr: Address, n: number) => new Float32Array(memory.buffer, ptr, n);
  const f64 = (ptr: Address, n: number) => new Float64Array(memory.buffer, ptr, n);
  const takeFrom =
    (view: typeof f32 | typeof f64): ImportanceKernels["takeFromF32"] =>
    (key, x, b, out, least, n) => {
      const [keys, model, base, target] = [f32(key, n), view(x, n), view(b, n), view(out, n)];
      for (let i = 0; i < n; i++) target[i] = at(keys, i) >= r(least) ? at(model, i) : at(base, i);
    };
  return {
    rangesOf: (b, d, n, out) => {
      const [base, delta] = [f32(b, n), f32(d, n)];
      f64(out, 3).set([Math.max(...base), Math.min(...delta), Math.max(...delta)]);
    },
    shiftSums: (b, d, w, most, pivot, n, out) => {
      const weights = f32(b, n).map((value) => exp(r(value - r(most))));
      const shifts = f32(d, n).map((value, i) => r(at(weights, i) * expm1(r(value - r(pivot)))));
      f32(w, n).set(weights);
      f64(out, 2).set([laneSum(weights), laneSum(shifts)]);
    },
    divergence: (w, d, pivot, share, shift, n) => {
      const delta = f32(d, n);
      const terms = f32(w, n).map((weight, i) => {
        const t = r(r(at(delta, i) - r(pivot)) - r(shift));
        const c = r(weight * r(share));
        const difference = r(c * expm1(t));
        const s = r(difference / r(c + r(1e-8)));
        return r(difference * r(s * polynomial(s, EXCESS)));
      });
      return laneSum(terms);
    },
    scaleMagnitudes: (d, out, factor, n) =>
      f32(out, n).set(f32(d, n).map((value) => r(r(factor) * Math.abs(value)))),
    takeFromF32: takeFrom(f32),
    takeFromF64: takeFrom(f64),
  };
}

import { decodeHalfBits, encodeHalfBits } from "../tensor/half.ts";
import type { HalfDtype } from "../tensor/half.ts";
import type { Address } from "./address.ts";
import { JOIN } from "./stored.ts";
import type { StoredKernels, StoredSteps } from "./stored.ts";

type Dtype = "F32" | HalfDtype;

const r = Math.fround;
const word = new DataView(new ArrayBuffer(4));
const keyOf = (value: number) => (word.setFloat32(0, value), word.getUint32(0) & 0x7fff_ffff);

/** The scalar twin of the kernels on stored values. */
export function referenceStored(memory: WebAssembly.Memory): StoredKernels {
  const values = (dtype: Dtype, ptr: Address, n: number) =>
    dtype === "F32"
      ? new Float32Array(memory.buffer, ptr, n).slice()
      : Float32Array.from(new Uint16Array(memory.buffer, ptr, n), (bits) => decodeHalfBits(dtype, bits));
  /** Rounds and stores; false if a result is not finite. */
  const put = (dtype: Dtype, out: Address, results: readonly number[]): boolean => {
    if (dtype === "F32") new Float32Array(memory.buffer, out, results.length).set(results);
    else
      new Uint16Array(memory.buffer, out, results.length).set(
        results.map((result) => encodeHalfBits(dtype, result)),
      );
    return values(dtype, out, results.length).every(Number.isFinite);
  };

  /** Base and task vectors; writes what is made of each element, and tells whether all of it is finite. */
  const ofTwo = (
    dtype: Dtype,
    [b, x, y, out]: readonly [Address, Address, Address, Address],
    n: number,
    result: (base: number, d: readonly [number, number], models: readonly [number, number]) => number,
  ) => {
    const [base, first, second] = [values(dtype, b, n), values(dtype, x, n), values(dtype, y, n)];
    const minusBase = (model: Float32Array) => model.map((value, i) => value - (base[i] ?? NaN));
    const [p, q] = [minusBase(first), minusBase(second)];
    const at = (list: Float32Array, i: number) => list[i] ?? NaN;
    const results = [...base].map((value, i) =>
      result(value, [at(p, i), at(q, i)], [at(first, i), at(second, i)]),
    );
    return put(dtype, out, results) && [...p, ...q].every(Number.isFinite) ? 1 : 0;
  };

  const steps = (dtype: Dtype): StoredSteps => ({
    largestOfTwo: (b, x, y, out, _work, s, n) =>
      ofTwo(dtype, [b, x, y, out], n, (base, [p, q], [first, second]) => {
        const isFirst = Math.abs(p) > Math.abs(q);
        if (s === 1) return isFirst ? first : second;
        return moved(base, isFirst ? p : q, s);
      }),
    overlapOfTwo: (b, x, y, out, _work, epsilon, c0, c1, n) =>
      ofTwo(dtype, [b, x, y, out], n, (base, d) => {
        const [first, second] = d.map((value) => Math.abs(value) > r(epsilon));
        const [p, q] = d;
        const alone = first === true ? r(r(c0) * p) : second === true ? r(r(c1) * q) : 0;
        return moved(base, first === true && second === true ? r(r(p + q) / 2) : alone, 1);
      }),
    activeOfTwo: (b, x, y, out, _work, epsilon, n) => {
      const base = values(dtype, b, n);
      const activeIn = (ptr: Address) => {
        const d = values(dtype, ptr, n).map((value, i) => value - (base[i] ?? NaN));
        return (i: number) => Math.abs(d[i] ?? NaN) > r(epsilon);
      };
      const count = (of: (i: number) => boolean) => [...base.keys()].filter(of).length;
      const [p, q] = [activeIn(x), activeIn(y)];
      new Int32Array(memory.buffer, out, 3).set([count((i) => p(i) && q(i)), count(p), count(q)]);
    },
    agreedOfTwo: (b, x, y, out, _work, r0, r1, least, s, n) =>
      ofTwo(dtype, [b, x, y, out], n, (base, [p, q]) => {
        const sum = r(p + q);
        const dominates = (d: number, ratio: number) => Math.abs(d) > r(r(ratio) * Math.abs(r(sum - d)));
        const count = Number(dominates(p, r0)) + Number(dominates(q, r1));
        return moved(base, count >= least ? sum : 0, s);
      }),
    rangesStored: (b, x, base, delta, n, out) => {
      const stored = values(dtype, b, n);
      const d = values(dtype, x, n).map((value, i) => value - (stored[i] ?? NaN));
      new Float32Array(memory.buffer, base, n).set(stored);
      new Float32Array(memory.buffer, delta, n).set(d);
      new Float64Array(memory.buffer, out, 3).set([Math.max(...stored), Math.min(...d), Math.max(...d)]);
    },
    windowsImportance: (b, x, windows, _work, factor, n) => {
      const base = values(dtype, b, n);
      const keys = [...values(dtype, x, n)].map((value, i) =>
        keyOf(r(r(factor) * Math.abs(r(value - (base[i] ?? NaN))))),
      );
      for (const at of [windows, windows + 16, windows + 32]) {
        const window = new Int32Array(memory.buffer, at, 4);
        const [low = 0, high = 0, address = 0, above = 0] = window;
        const table = new Uint32Array(memory.buffer, address, Math.max(0, high - low));
        for (const key of keys) if (key >= low && key < high) table[key - low] = (table[key - low] ?? 0) + 1;
        window[3] = above + keys.filter((key) => key >= high).length;
      }
      const zeros = new Int32Array(memory.buffer, windows + 48, 1);
      zeros[0] = (zeros[0] ?? 0) + keys.filter((key) => key === 0).length;
    },
    takeImportant: (b, x, out, _work, factor, least, n) => {
      const [base, model] = [values(dtype, b, n), values(dtype, x, n)];
      const d = model.map((value, i) => value - (base[i] ?? NaN));
      const results = [...model].map((value, i) =>
        r(r(factor) * Math.abs(d[i] ?? NaN)) >= r(least) ? value : (base[i] ?? NaN),
      );
      return put(dtype, out, results) && d.every(Number.isFinite) ? 1 : 0;
    },
    nearswapStored: (x, b, out, _work, t, n) => {
      const [model, base] = [values(dtype, x, n), values(dtype, b, n)];
      const results = [...model].map((value, i) => near(value, base[i] ?? NaN, r(t)));
      const finite = [...model, ...base].every(Number.isFinite);
      return put(dtype, out, results) && finite && r(t) >= r(1e-6) ? 1 : 0;
    },
    subtractTwo: (b, x, y, p, q, _work, n) => {
      const base = values(dtype, b, n);
      for (const [from, to] of [[x, p] as const, [y, q] as const]) {
        const difference = values(dtype, from, n).map((value, i) => value - (base[i] ?? NaN));
        new Float32Array(memory.buffer, to, n).set(difference);
      }
    },
    drawnTwo: (b, x, y, out, _work, bits0, bits1, c0, c1, w0, w1, s, mode, n) => {
      const base = values(dtype, b, n);
      const vectors = [x, y].map((ptr) => values(dtype, ptr, n).map((value, i) => value - (base[i] ?? NaN)));
      const bytes = [bits0, bits1].map((ptr) => new Uint8Array(memory.buffer, ptr, Math.ceil(n / 8)));
      const isKept = (k: number, i: number) => (((bytes[k]?.[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
      const factors = { votes: [c0, c1], sums: [c0, c1], weights: [w0, w1], s, floor: 0, mode };
      const results = [...base].map((value, i) =>
        joined(
          value,
          vectors.map((d, k) => (isKept(k, i) ? (d[i] ?? NaN) : 0)),
          factors,
        ),
      );
      const finite = vectors.every((d) => d.every(Number.isFinite));
      return put(dtype, out, results) && finite ? 1 : 0;
    },
    keepApart: (b, x, y, p, q, _work, low, high, n) => {
      const base = values(dtype, b, n);
      const vectors = [x, y].map((ptr) => values(dtype, ptr, n).map((value, i) => value - (base[i] ?? NaN)));
      const keys = [...base.keys()].map((i) => keyOf((vectors[0]?.[i] ?? NaN) - (vectors[1]?.[i] ?? NaN)));
      const kept = (i: number) => (keys[i] ?? -1) >= low && (keys[i] ?? -1) <= high;
      [p, q].forEach((ptr, k) => {
        new Float32Array(memory.buffer, ptr, n).set(
          (vectors[k] ?? []).map((value, i) => (kept(i) ? value : 0)),
        );
      });
      return keys.filter((key) => key === low).length;
    },
    windowStored: (b, x, y, table, table2, out, _work, low, high, low2, high2, n) => {
      const base = values(dtype, b, n);
      const minusBase = (ptr: Address) => values(dtype, ptr, n).map((value, i) => value - (base[i] ?? NaN));
      const other = y === 0 ? undefined : minusBase(y);
      const d = minusBase(x).map((value, i) => (other === undefined ? value : value - (other[i] ?? NaN)));
      const keys = [...d].map(keyOf);
      const results = [d.filter((value) => value === 0).length];
      const windows = [[table, low, high] as const, [table2, low2, high2] as const];
      for (const [ptr, from, to] of table2 === 0 ? windows.slice(0, 1) : windows) {
        const counts = new Uint32Array(memory.buffer, ptr, to - from);
        for (const key of keys)
          if (key >= from && key < to) counts[key - from] = (counts[key - from] ?? 0) + 1;
        results.push(keys.filter((key) => key >= to).length);
      }
      new Int32Array(memory.buffer, out, results.length).set(results);
    },
    sparseTwo: (b, x, y, out, _work, counts, low0, high0, low1, high1, ...rest) => {
      const [v0, v1, c0, c1, w0, w1, s, floor, mode, n] = rest;
      const base = values(dtype, b, n);
      const minusBase = (ptr: Address) => values(dtype, ptr, n).map((value, i) => value - (base[i] ?? NaN));
      const [p, q] = [minusBase(x), minusBase(y)];
      const apart = mode === JOIN.averageApart;
      const v = p.map((value, i) => value - (q[i] ?? NaN));
      const [pKeys, qKeys] = apart ? [v, v] : [p, q];
      const [low, high] = apart ? [low0, high0] : [low1, high1];
      new Int32Array(memory.buffer, counts, 2).set([countKeys(pKeys, low0), countKeys(qKeys, low)]);
      const factors = { votes: [v0, v1], sums: [c0, c1], weights: [w0, w1], s, floor: r(floor), mode };
      const results = [...base].map((value, i) =>
        joined(
          value,
          [cut(p[i] ?? NaN, pKeys[i] ?? NaN, low0, high0), cut(q[i] ?? NaN, qKeys[i] ?? NaN, low, high)],
          factors,
        ),
      );
      const finite = [...p, ...q].every(Number.isFinite);
      return put(dtype, out, results) && finite ? 1 : 0;
    },
  });
  const suffixed = (dtype: Dtype) =>
    Object.entries(steps(dtype)).map(([name, step]) => [`${name}${dtype}`, step as unknown]);
  return Object.fromEntries((["F32", "BF16", "F16"] as const).flatMap(suffixed)) as StoredKernels;
}

const moved = (base: number, d: number, s: number) => (d === 0 ? base : r(base + r(r(s) * d)));
const cut = (d: number, by: number, low: number, high: number) =>
  keyOf(by) >= low && keyOf(by) <= high ? d : 0;
const countKeys = (d: Float32Array, key: number) => d.filter((value) => keyOf(value) === key).length;

function near(model: number, base: number, t: number): number {
  const d = r(model - base);
  const ratio = r(t / Math.max(Math.abs(d), r(1e-6)));
  if (ratio >= 1) return model;
  const w = Math.max(ratio, 0);
  return w === 0 ? base : r(base + r(w * d));
}

interface Factors {
  readonly votes: readonly number[];
  readonly sums: readonly number[];
  readonly weights: readonly number[];
  readonly s: number;
  readonly floor: number;
  readonly mode: number;
}

function joined(
  base: number,
  d: readonly number[],
  { votes, sums, weights, s, floor, mode }: Factors,
): number {
  const scaled = (factors: readonly number[]) => d.map((value, i) => r(r(factors[i] ?? NaN) * value));
  const add = (terms: readonly number[]) => terms.reduce((sum, term) => r(sum + term), 0);
  const positive = add(scaled(votes)) >= 0;
  const z = scaled(sums);
  const kept = z.map((value) => mode === JOIN.add || (positive ? value > 0 : value < 0));
  const total = add(z.map((value, i) => (kept[i] === true ? value : 0)));
  if (total === 0) return base;
  const weight = add(weights.map((value, i) => (kept[i] === true ? r(value) : 0)));
  const divisor = floor > 0 ? Math.max(weight, floor) : weight === 0 ? 1 : weight;
  const m = mode === JOIN.add || mode === JOIN.elect ? total : r(total / divisor);
  return r(base + r(r(s) * m));
}

import type { ElementwiseKernels, ElementwiseSteps, RankKernels } from "./elementwise.ts";
import type { Address } from "./address.ts";

type Vector = Float32Array | Float64Array;
interface Views {
  readonly f32: (ptr: Address, n: number) => Float32Array;
  readonly u32: (ptr: Address, n: number) => Uint32Array;
}
type View = (ptr: Address, n: number) => Vector;

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

/** The elementwise kernels' scalar twin, for one type; `r` rounds to it after every operation. */
function steps(view: View, { f32, u32 }: Views, r: (value: number) => number): ElementwiseSteps {
  const each = (n: number, step: (i: number) => void) => {
    for (let i = 0; i < n; i++) step(i);
  };
  /** out[i] = value(i) for vectors read before. */
  const fill = (out: Address, n: number, value: (i: number) => number) => {
    const target = view(out, n);
    each(n, (i) => (target[i] = value(i)));
  };
  const scaled = (c: number, value: number) => r(r(c) * value);
  return {
    addScaled: (d, sum, c, n) => {
      const [delta, total] = [view(d, n), view(sum, n)];
      fill(sum, n, (i) => r(at(total, i) + scaled(c, at(delta, i))));
    },
    elect: (d, vote, sum, weight, c, w, n) => {
      const [delta, votes, total, share] = [view(d, n), view(vote, n), view(sum, n), view(weight, n)];
      each(n, (i) => {
        const z = scaled(c, at(delta, i));
        const kept = at(votes, i) >= 0 ? z > 0 : z < 0;
        total[i] = r(at(total, i) + (kept ? z : 0));
        share[i] = r(at(share, i) + (kept ? r(w) : 0));
      });
    },
    electTwo: (b, p, q, out, v0, v1, c0, c1, w0, w1, s, floor, divide, n) => {
      const [base, d0, d1] = [view(b, n), view(p, n), view(q, n)];
      fill(out, n, (i) => {
        const vote = r(r(0 + scaled(v0, at(d0, i))) + scaled(v1, at(d1, i)));
        const z = [scaled(c0, at(d0, i)), scaled(c1, at(d1, i))];
        const kept = z.map((value) => (vote >= 0 ? value > 0 : value < 0));
        const total = r((kept[0] ? (z[0] ?? NaN) : 0) + (kept[1] ? (z[1] ?? NaN) : 0));
        const weight = r((kept[0] ? r(w0) : 0) + (kept[1] ? r(w1) : 0));
        const least = r(floor);
        const divisor = least > 0 ? Math.max(weight, least) : weight === 0 ? 1 : weight;
        const m = divide ? r(total / divisor) : total;
        return total === 0 ? at(base, i) : r(at(base, i) + scaled(s, m));
      });
    },
    finishSum: (b, sum, out, s, n) => {
      const [base, total] = [view(b, n), view(sum, n)];
      fill(out, n, (i) => (at(total, i) === 0 ? at(base, i) : r(at(base, i) + scaled(s, at(total, i)))));
    },
    finishMean: (b, sum, weight, out, s, floor, n) => {
      const [base, total, share] = [view(b, n), view(sum, n), view(weight, n)];
      fill(out, n, (i) => {
        const w = at(share, i);
        const divisor = r(floor) > 0 ? Math.max(w, r(floor)) : w === 0 ? 1 : w;
        const delta = scaled(s, r(at(total, i) / divisor));
        return at(total, i) === 0 ? at(base, i) : r(at(base, i) + delta);
      });
    },
    nearswap: (x, b, out, t, n) => {
      const [model, base] = [view(x, n), view(b, n)];
      fill(out, n, (i) => {
        const d = r(at(model, i) - at(base, i));
        const ratio = r(r(t) / Math.max(Math.abs(d), r(1e-6)));
        if (ratio >= 1) return at(model, i);
        const w = Math.max(ratio, 0);
        return w === 0 ? at(base, i) : r(at(base, i) + r(w * d));
      });
    },
    selectLarger: (x, b, best, n) => {
      const [model, base, chosen] = [view(x, n), view(b, n), view(best, n)];
      const size = (value: number, i: number) => Math.abs(r(value - at(base, i)));
      fill(best, n, (i) => (size(at(model, i), i) >= size(at(chosen, i), i) ? at(model, i) : at(chosen, i)));
    },
    moveTowards: (b, x, out, s, n) => {
      const [base, model] = [view(b, n), view(x, n).slice()];
      const move = (i: number) => r(at(base, i) + scaled(s, r(at(model, i) - at(base, i))));
      fill(out, n, (i) => {
        if (r(s) === 1) return at(model, i);
        return at(model, i) === at(base, i) ? at(base, i) : move(i);
      });
    },
    countDominant: (d, sum, count, ratio, n) => {
      const [delta, total, counts] = [view(d, n), view(sum, n), view(count, n)];
      each(n, (i) => {
        const rest = Math.abs(r(at(total, i) - at(delta, i)));
        counts[i] = at(counts, i) + (Math.abs(at(delta, i)) > scaled(ratio, rest) ? 1 : 0);
      });
    },
    clearBelow: (count, sum, least, n) => {
      const [counts, total] = [view(count, n), view(sum, n)];
      each(n, (i) => (total[i] = at(counts, i) >= r(least) ? at(total, i) : 0));
    },
    clearSmall: (d, limit, n) => {
      const delta = view(d, n);
      each(n, (i) => (delta[i] = Math.abs(at(delta, i)) > r(limit) ? at(delta, i) : 0));
    },
    countNonZero: (d, count, n) => {
      const [delta, counts] = [view(d, n), view(count, n)];
      each(n, (i) => (counts[i] = at(counts, i) + (at(delta, i) === 0 ? 0 : 1)));
    },
    shareOverlap: (single, sum, count, n) => {
      const [alone, total, counts] = [view(single, n), view(sum, n), view(count, n)];
      fill(sum, n, (i) =>
        at(counts, i) === 1 ? at(alone, i) : r(at(total, i) / Math.max(at(counts, i), 1)),
      );
    },
    overlap: (d, count, n) => {
      const [delta, counts] = [view(d, n), view(count, n)];
      let shared = 0;
      each(n, (i) => (shared += at(delta, i) !== 0 && at(counts, i) > 1 ? 1 : 0));
      return shared;
    },
    variance: (table, count, out, n) => {
      const vectors = [...u32(table, count)].map((address) => view(address, n));
      const target = f32(out, n);
      each(n, (i) => {
        const values = vectors.map((vector) => at(vector, i));
        const mean = values.reduce((sum, value) => sum + value, 0) / count;
        target[i] = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
      });
    },
    clearWhereZero: (key, d, n) => {
      const [keys, values] = [f32(key, n), view(d, n)];
      each(n, (i) => (values[i] = keys[i] === 0 ? 0 : at(values, i)));
    },
  };
}

const MAGNITUDE = 0x7fff_ffff;

export function mix(value: number): number {
  let x = value ^ (value >>> 17);
  x = Math.imul(x, 0xed5a_d4bb);
  x ^= x >>> 11;
  x = Math.imul(x, 0xac4c_1b51);
  x ^= x >>> 15;
  x = Math.imul(x, 0x3184_8bab);
  return (x ^ (x >>> 14)) >>> 0;
}

function rankKernels(
  f32: (ptr: Address, n: number) => Float32Array,
  u32: (ptr: Address, n: number) => Uint32Array,
): RankKernels {
  const keyAt = (bits: Uint32Array, i: number) => at(bits, i) & MAGNITUDE;
  const clear = (d: Address, n: number, cleared: (key: number, i: number) => boolean) => {
    const bits = u32(d, n);
    for (let i = 0; i < n; i++) if (cleared(keyAt(bits, i), i)) bits[i] = 0;
  };
  return {
    histogram: (d, bins, n) => {
      const [bits, counts] = [u32(d, n), u32(bins, 2 * 65_536)];
      for (let i = 0; i < n; i++) {
        const bin = (keyAt(bits, i) >>> 15) + (i % 2) * 65_536;
        counts[bin] = at(counts, bin) + 1;
      }
    },
    histogramWindow: (d, table, low, high, n) => {
      const [bits, counts] = [u32(d, n), u32(table, high - low)];
      let above = 0;
      for (let i = 0; i < n; i++) {
        const key = keyAt(bits, i);
        if (key >= high) above++;
        else if (key >= low) counts[key - low] = at(counts, key - low) + 1;
      }
      return above;
    },
    occurring: (table, n, out) => {
      const pairs = [...u32(table, n).entries()].filter(([, count]) => count > 0);
      u32(out, 2 * pairs.length).set(pairs.flat());
      return pairs.length;
    },
    sumMagnitudes: (d, key, n) => {
      const [bits, values] = [u32(d, n), f32(d, n)];
      const kept = (i: number) => (keyAt(bits, i) >= key ? Math.abs(at(values, i)) : 0);
      const whole = n - (n % 4);
      const lanes = [0, 0, 0, 0];
      for (let i = 0; i < whole; i++) lanes[i % 4] = at(lanes, i % 4) + kept(i);
      let total = lanes.reduce((sum, lane) => sum + lane, 0);
      for (let i = whole; i < n; i++) total += kept(i);
      return total;
    },
    countEqual: (d, key, n) => {
      const bits = u32(d, n);
      let count = 0;
      for (let i = 0; i < n; i++) if (keyAt(bits, i) === key) count++;
      return count;
    },
    clearBelowKey: (d, key, n) => clear(d, n, (candidate) => candidate < key),
    clearAboveKey: (d, key, n) => clear(d, n, (candidate) => candidate > key),
    clearEqualAfter: (d, key, keep, n) => {
      let left = keep;
      clear(d, n, (candidate) => candidate === key && left-- <= 0);
    },
    clearRandom: (d, index, key0, key1, threshold, n) =>
      clear(d, n, (_key, i) => mix((Math.imul(index + i, key0 | 1) + key1) | 0) >= threshold),
  };
}

export function referenceElementwise(memory: WebAssembly.Memory): ElementwiseKernels {
  const f32 = (ptr: Address, n: number) => new Float32Array(memory.buffer, ptr, n);
  const f64 = (ptr: Address, n: number) => new Float64Array(memory.buffer, ptr, n);
  const u32 = (ptr: Address, n: number) => new Uint32Array(memory.buffer, ptr, n);
  const suffixed = (all: ElementwiseSteps, suffix: string) =>
    Object.fromEntries(Object.entries(all).map(([name, step]) => [`${name}${suffix}`, step as unknown]));
  return {
    ...suffixed(steps(f32, { f32, u32 }, Math.fround), "F32"),
    ...suffixed(
      steps(f64, { f32, u32 }, (value) => value),
      "F64",
    ),
    ...rankKernels(f32, u32),
  } as ElementwiseKernels;
}

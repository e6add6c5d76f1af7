import type { Address } from "./address.ts";
import type { ColumnKernels, ColumnSteps } from "./columns.ts";

type Vector = Float32Array | Float64Array;

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

/** The column kernels' scalar twin, for one type; `r` rounds to it after every operation. */
function steps(
  memory: WebAssembly.Memory,
  view: (ptr: Address, n: number) => Vector,
  r: (value: number) => number,
): ColumnSteps {
  return {
    addProducts: (a, b, sums, n) => {
      const [x, y, total] = [view(a, n), view(b, n), new Float64Array(memory.buffer, sums, n)];
      for (let i = 0; i < n; i++) {
        const product = at(x, i) * at(y, i);
        if (Number.isFinite(product)) total[i] = at(total, i) + product;
      }
    },
    scaleBy: (a, s, dst, n) => {
      const [value, factor] = [view(a, n), view(s, n)];
      view(dst, n).set(value.map((each, i) => r(at(factor, i) * each)));
    },
    addDeltaBy: (x, a, acc, c, n) => {
      const [value, anchor, sum, factor] = [view(x, n), view(a, n), view(acc, n), view(c, n)];
      factor.forEach((size, i) => {
        if (size === 0) return;
        const delta = r(size > 0 ? at(anchor, i) - at(value, i) : at(value, i) - at(anchor, i));
        sum[i] = r(at(sum, i) - r(Math.abs(size) * delta));
      });
    },
    blend: (src, mask, dst, n) => {
      const [value, target] = [view(src, n), view(dst, n)];
      const chosen = new Uint8Array(memory.buffer, mask, n * value.BYTES_PER_ELEMENT);
      value.forEach((each, i) => {
        if (chosen[i * value.BYTES_PER_ELEMENT] !== 0) target[i] = each;
      });
    },
  };
}

export function referenceColumns(memory: WebAssembly.Memory): ColumnKernels {
  const narrow = steps(memory, (ptr, n) => new Float32Array(memory.buffer, ptr, n), Math.fround);
  const wide = steps(
    memory,
    (ptr, n) => new Float64Array(memory.buffer, ptr, n),
    (value) => value,
  );
  return {
    addProductsF32: narrow.addProducts,
    addProductsF64: wide.addProducts,
    scaleByF32: narrow.scaleBy,
    scaleByF64: wide.scaleBy,
    addDeltaByF32: narrow.addDeltaBy,
    addDeltaByF64: wide.addDeltaBy,
    blendF32: narrow.blend,
    blendF64: wide.blend,
  };
}

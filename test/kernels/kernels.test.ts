import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Address } from "../../src/kernels/address.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL, supportsSimd } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { decodeHalfBits, encodeHalfBits } from "../../src/tensor/half.ts";

const memory = new WebAssembly.Memory({ initial: 64 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);

const X = FIRST_FREE_ADDRESS;
const A = X + 65_536;
const OUT = A + 65_536;
const bytes = () => new Uint8Array(memory.buffer);

/** Every tail length, and blocks of several lanes. */
const LENGTHS = [...Array(34).keys(), 255, 256, 257, 272, 511, 1000, 2048];

/** Random bit patterns, with the awkward ones over-represented: zeros, subnormals, infinities, NaN, ties. */
function awkward(seed: number, count: number): Uint32Array {
  const special = [
    0, 0x8000_0000, 1, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x3f80_8000, 0x3f81_8000, 0x0080_0000,
  ];
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return Uint32Array.from({ length: count }, () => {
    const pick = next() >>> 24;
    if (pick < 40) return special[pick % special.length] ?? 0;
    const bits = next();
    // Mostly magnitudes near 1, where weights live.
    return pick < 220 ? ((bits & 0x807f_ffff) | ((110 + (next() >>> 28)) << 23)) >>> 0 : bits;
  });
}

function fill(seed: number): void {
  new Uint32Array(memory.buffer, X, 4_200).set(awkward(seed, 4_200));
  new Uint32Array(memory.buffer, A, 4_200).set(awkward(seed + 1, 4_200));
}

/** Clears the exponents' upper bits, so that every value is finite in all three dtypes. */
function tame(): void {
  for (const address of [X, A]) {
    const words = new Uint32Array(memory.buffer, address, 4_200);
    words.forEach((bits, i) => (words[i] = bits & 0xbbff_bbff));
  }
}

/** NaN payloads may differ between engines: compare NaN with NaN as equal, everything else by its bits. */
function outcome(
  kernels: Kernels,
  call: (k: Kernels) => unknown,
  outBytes: number,
  asNumbers: "f32" | "f64" | "bits",
) {
  bytes().fill(0xaa, OUT, OUT + outBytes + 64);
  const returned = call(kernels);
  const length = outBytes + 64;
  if (asNumbers === "bits") return { returned, out: [...bytes().slice(OUT, OUT + length)] };
  const view =
    asNumbers === "f32"
      ? new Float32Array(memory.buffer.slice(OUT, OUT + length - (length % 4)))
      : new Float64Array(memory.buffer.slice(OUT, OUT + length - (length % 8)));
  return { returned, out: [...view].map((value) => (Object.is(value, -0) ? "-0" : String(value))) };
}

function assertTwins(
  name: string,
  call: (k: Kernels, n: number) => unknown,
  size: number,
  as: "f32" | "f64" | "bits",
) {
  it(`${name} gives the bits of its scalar twin at every tail length`, () => {
    for (const n of LENGTHS) {
      fill(n * 7 + name.length);
      const expected = outcome(twin, (k) => call(k, n), n * size, as);
      fill(n * 7 + name.length);
      assert.deepEqual(
        outcome(simd, (k) => call(k, n), n * size, as),
        expected,
        `n = ${n}`,
      );
    }
  });
}

describe("kernels", () => {
  it("finds SIMD on this engine", () => assert.equal(supportsSimd(), true));

  assertTwins("decodeBF16", (k, n) => k.decodeBF16(X, OUT, n), 4, "f32");
  assertTwins("decodeF16", (k, n) => k.decodeF16(X, OUT, n), 4, "f32");
  assertTwins("widen", (k, n) => k.widen(X, OUT, n), 8, "f64");
  assertTwins("demote", (k, n) => k.demote(X, OUT, n), 4, "f32");
  assertTwins("demoteToOdd", (k, n) => k.demoteToOdd(X, OUT, n), 4, "f32");
  assertTwins("scaleF32", (k, n) => k.scaleF32(X, OUT, 0.3, n), 4, "f32");
  assertTwins("scaleF64", (k, n) => k.scaleF64(X, OUT, 0.3, n), 8, "f64");
  for (const dtype of ["F32", "BF16", "F16"] as const) {
    assertTwins(
      `addDelta${dtype}`,
      (k, n) => (k.scaleF32(A, OUT, 1, n), k[`addDelta${dtype}`](X, A, OUT, 0.7, n)),
      4,
      "f32",
    );
    assertTwins(
      `addDelta${dtype} with a negative factor`,
      (k, n) => (k.scaleF32(A, OUT, 1, n), k[`addDelta${dtype}`](X, A, OUT, -0.7, n)),
      4,
      "f32",
    );
    assertTwins(`subtract${dtype}`, (k, n) => k[`subtract${dtype}`](X, A, OUT, n), 4, "f32");
    assertTwins(
      `encode${dtype}`,
      (k, n) => k[`encode${dtype}`](X, OUT, n),
      dtype === "F32" ? 4 : 2,
      dtype === "F32" ? "f32" : "bits",
    );
    assertTwins(`countNonFinite${dtype}`, (k, n) => k[`countNonFinite${dtype}`](X, n), 0, "bits");
  }
  for (const dtype of ["F32", "BF16", "F16"] as const) {
    const [size, as] = dtype === "F32" ? ([4, "f32"] as const) : ([2, "bits"] as const);
    const work = OUT + 65_536;
    assertTwins(
      `combineOne${dtype}`,
      (k, n) => k[`combineOne${dtype}`](X, A, OUT, 0.9, 0.3, n, work),
      size,
      as,
    );
    assertTwins(
      `combineTwo${dtype}`,
      (k, n) => k[`combineTwo${dtype}`](X, A, X + 64, OUT, 1, 0.3, -0.4, n, work),
      size,
      as,
    );
    it(`gramOfTwo${dtype} gives the bits of its scalar twin, for finite values and others`, () => {
      for (const n of LENGTHS) {
        fill(n);
        if (n % 2 === 0) tame();
        const results = [simd, twin].map((k) => {
          k[`gramOfTwo${dtype}`](X, A, X + 64, n, OUT);
          return [...new Float64Array(memory.buffer, OUT, 3)];
        });
        assert.deepEqual(results[0], results[1], `n = ${n}`);
      }
    });
    it(`the fused steps on ${dtype} give what the separate ones do`, () => {
      const n = 1000;
      const [a, p, sum] = [OUT + 65_536, OUT + 2 * 65_536, OUT + 3 * 65_536];
      fill(3);
      tame();
      const decode = (src: Address, dst: Address) =>
        dtype === "F32" ? simd.scaleF32(src, dst, 1, n) : simd[`decode${dtype}`](src, dst, n);
      decode(X, a);
      simd[`subtract${dtype}`](A, a, p, n);
      simd[`subtract${dtype}`](X + 64, a, sum, n);
      simd.dotPair(p, sum, n, OUT);
      const separate = [...new Float64Array(memory.buffer, OUT, 3)];
      simd[`gramOfTwo${dtype}`](X, A, X + 64, n, OUT);
      assert.deepEqual([...new Float64Array(memory.buffer, OUT, 3)], separate);
      assert.ok(separate.every(Number.isFinite) && (separate[0] ?? 0) > 0);

      simd.scaleF32(a, sum, 0.9, n);
      simd[`addDelta${dtype}`](A, a, sum, 0.3, n);
      simd[`addDelta${dtype}`](X + 64, a, sum, -0.4, n);
      simd[`encode${dtype}`](sum, OUT, n);
      const bits = [...bytes().slice(OUT, OUT + n * size)];
      assert.equal(simd[`combineTwo${dtype}`](X, A, X + 64, OUT, 0.9, 0.3, -0.4, n, p), 0);
      assert.deepEqual([...bytes().slice(OUT, OUT + n * size)], bits);
    });
  }
  assertTwins(
    "addDeltaF64",
    (k, n) => (k.scaleF64(A, OUT, 1, n), k.addDeltaF64(X, A, OUT, 0.7, n)),
    8,
    "f64",
  );
  assertTwins("subtractF64", (k, n) => k.subtractF64(X, A, OUT, n), 8, "f64");
  assertTwins("countNonFiniteF64", (k, n) => k.countNonFiniteF64(X, n), 0, "bits");
  it("dotThree gives the bits of six inner products at every tail length", () => {
    const third = X + 8192;
    for (const n of LENGTHS) {
      fill(n);
      tame();
      const vectors = [X, A, third];
      const separate = vectors.flatMap((x, i) => vectors.slice(i).map((y) => simd.dot(x, y, n)));
      for (const kernels of [simd, twin]) {
        kernels.dotThree(X, A, third, n, OUT);
        assert.deepEqual([...new Float64Array(memory.buffer, OUT, 6)], separate, `n = ${n}`);
      }
    }
  });
  assertTwins("dotWide", (k, n) => k.dotWide(X, A, n), 0, "bits");
  assertTwins("dotF64", (k, n) => k.dotF64(X, A, n), 0, "bits");

  it("takes a factor that f32 has not for 0, with the sign that a zero gives", () => {
    const values = [-0, 0, -1, 1, -0, 0, 5, -5, -0];
    new Float32Array(memory.buffer, X, 9).set(values);
    new Float32Array(memory.buffer, A, 9).set([0, 0, -0, -0, -0, 0, 0, -0, -0]);
    for (const c of [1e-60, -1e-60]) {
      const [mine = [], theirs = []] = [simd, twin].map((kernels) => {
        kernels.combineOneF32(A, X, OUT, 1, c, 9, A + 4096);
        kernels.combineTwoF32(A, X, X, OUT + 64, 1, c, c, 9, A + 4096);
        kernels.scaleF32(A, OUT + 128, 1, 9);
        kernels.addDeltaF32(X, A, OUT + 128, c, 9);
        return [0, 64, 128].map((at) => [...new Float32Array(memory.buffer, OUT + at, 9)]);
      });
      assert.deepEqual(mine, theirs);
      assert.deepEqual(mine[0], mine[2]);
    }
  });

  it("adds nothing where an input equals the anchor, not even the sign of a zero", () => {
    const values = [-0, 0, -1, 1, -0, 0, 5, -0, -0];
    new Float32Array(memory.buffer, X, 9).set(values);
    new Float64Array(memory.buffer, A, 9).set(values);
    for (const kernels of [simd, twin]) {
      for (const c of [0.7, -0.7, 0]) {
        new Float32Array(memory.buffer, OUT, 9).set(values);
        kernels.addDeltaF32(X, X, OUT, c, 9);
        assert.deepEqual([...new Float32Array(memory.buffer, OUT, 9)], values);
        assert.equal(kernels.combineTwoF32(X, X, X, OUT, 1, c, -c, 9, A + 4096), 0);
        assert.deepEqual([...new Float32Array(memory.buffer, OUT, 9)], values);
        new Float64Array(memory.buffer, OUT, 9).set(values);
        kernels.addDeltaF64(A, A, OUT, c, 9);
        assert.deepEqual([...new Float64Array(memory.buffer, OUT, 9)], values);
      }
    }
  });

  describe("inner products", () => {
    const put = (address: Address, values: readonly number[]) =>
      new Float32Array(memory.buffer, address, values.length).set(values);
    const finite = fc.array(
      fc.tuple(fc.float({ min: -8, max: 8, noNaN: true }), fc.float({ min: -8, max: 8, noNaN: true })),
      {
        maxLength: 700,
      },
    );

    it("equal the float64 sum of products to within F32 rounding of a block, in SIMD as in the twin", () => {
      fc.assert(
        fc.property(finite, (pairs) => {
          const [x, y] = [pairs.map((p) => Math.fround(p[0])), pairs.map((p) => Math.fround(p[1]))];
          put(X, x);
          put(A, y);
          const exact = x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
          const scale = x.reduce((sum, value, i) => sum + Math.abs(value * (y[i] ?? 0)), 0);
          const got = simd.dot(X, A, x.length);
          assert.ok(Math.abs(got - exact) <= 18 * 2 ** -24 * scale + 1e-40, `${got} against ${exact}`);
          assert.equal(got, twin.dot(X, A, x.length));
          simd.dotPair(X, A, x.length, OUT);
          const [xx, xy, yy] = new Float64Array(memory.buffer, OUT, 3);
          assert.deepEqual([xx, xy, yy], [simd.dot(X, X, x.length), got, simd.dot(A, A, x.length)]);
        }),
      );
    });

    it("do not overflow or vanish when computed wide", () => {
      put(X, [1e30, 1e-30, NaN, Infinity]);
      put(A, [1e30, 1e-30, 1, 1]);
      assert.equal(simd.dotWide(X, A, 4), Math.fround(1e30) ** 2 + Math.fround(1e-30) ** 2);
    });
  });

  describe("rounding", () => {
    it("to F16 and BF16 gives back every 16-bit value and rounds half-way cases to even", () => {
      for (const dtype of ["F16", "BF16"] as const) {
        for (let bits = 0; bits < 0x7c00; bits++) {
          const value = decodeHalfBits(dtype, bits);
          const next = decodeHalfBits(dtype, bits + 1);
          if (!Number.isFinite(next)) continue;
          assert.equal(encodeHalfBits(dtype, value), bits);
          assert.equal(encodeHalfBits(dtype, (value + next) / 2), bits % 2 === 0 ? bits : bits + 1);
        }
      }
    });

    it("from F64 to 16 bits happens once: just above half-way rounds up", () => {
      // 1 + 2^-8 is half-way between two BF16 values; 2^-40 more is lost if F32 rounds first.
      const above = 1 + 2 ** -8 + 2 ** -40;
      new Float64Array(memory.buffer, X, 1)[0] = above;
      simd.demoteToOdd(X, A, 1);
      simd.encodeBF16(A, OUT, 1);
      assert.equal(decodeHalfBits("BF16", new Uint16Array(memory.buffer, OUT, 1)[0] ?? 0), 1 + 2 ** -7);
    });
  });
});

import assert from "node:assert/strict";
import { JOIN } from "../../src/kernels/stored.ts";
import { decodeHalfBits } from "../../src/tensor/half.ts";
import { ADDRESSES, bitsOf, fillStored, HALF, memory, ONE, QUARTER, simd } from "./stored-values.ts";

const { B, X, Y, OUT, WORK, COUNTS, P, Q, BASE, SUM, COUNT, ALONE, TABLE } = ADDRESSES;

describe("kernels on stored values and separate steps", () => {
  it("give the same bits in averaging what was elected", () => {
    const n = 1000;
    fillStored("BF16", true);
    simd.decodeBF16(B, BASE, n);
    simd.subtractBF16(X, BASE, P, n);
    simd.subtractBF16(Y, BASE, Q, n);
    const equal = simd.countEqual(P, QUARTER, n);
    simd.clearBelowKey(P, QUARTER, n);
    simd.clearBelowKey(Q, HALF, n);
    simd.clearAboveKey(Q, ONE, n);
    simd.electTwoF32(BASE, P, Q, SUM, 0.4, 0.5, 0.6, 0.7, 0.4, 0.5, 1.2, 0, true, n);
    simd.encodeBF16(SUM, OUT, n);
    const separate = [...new Uint16Array(memory.buffer, OUT, n)];
    const factors = [0.4, 0.5, 0.6, 0.7, 0.4, 0.5, 1.2, 0] as const;
    const edges = [QUARTER, 0x7f7f_ffff, HALF, ONE] as const;
    assert.equal(simd.sparseTwoBF16(B, X, Y, OUT, WORK, COUNTS, ...edges, ...factors, JOIN.average, n), 1);
    assert.deepEqual([...new Uint16Array(memory.buffer, OUT, n)], separate);
    assert.equal(new Int32Array(memory.buffer, COUNTS, 2)[0], equal);
    assert.ok(equal > 100);
    const values = separate.map((bits) => decodeHalfBits("BF16", bits));
    assert.ok(
      values.filter((value, i) => value !== new Float32Array(memory.buffer, BASE, n)[i]).length > 400,
    );
  });

  /** Each whole step, and the separate ones over base and models, or over base and task vectors. */
  const WHOLE: Record<string, readonly [(n: number) => number, (n: number) => void]> = {
    "moving near the base": [
      (n) => simd.nearswapStoredBF16(X, B, OUT, WORK, 0.1, n),
      (n) => (simd.decodeBF16(X, P, n), simd.nearswapF32(P, BASE, SUM, 0.1, n)),
    ],
    ...Object.fromEntries(
      [1, -0.7].map((s) => [
        `taking the larger times ${s}`,
        [
          (n: number) => simd.largestOfTwoBF16(B, X, Y, OUT, WORK, s, n),
          (n: number) => {
            simd.decodeBF16(X, SUM, n);
            simd.decodeBF16(Y, Q, n);
            simd.selectLargerF32(Q, BASE, SUM, n);
            simd.moveTowardsF32(BASE, SUM, SUM, s, n);
          },
        ],
      ]),
    ),
    ...Object.fromEntries(
      [
        [1.1, 0.9],
        [1, 1],
      ].map(([c0 = 0, c1 = 0]) => [
        `averaging what overlaps, with the rest times ${c0} and ${c1}`,
        [
          (n: number) => simd.overlapOfTwoBF16(B, X, Y, OUT, WORK, 0.2, c0, c1, n),
          (n: number) => {
            for (const d of [P, Q]) simd.clearSmallF32(d, 0.2, n);
            for (const d of [P, Q]) simd.countNonZeroF32(d, COUNT, n);
            simd.addScaledF32(P, ALONE, c0, n);
            simd.addScaledF32(Q, ALONE, c1, n);
            for (const d of [P, Q]) simd.addScaledF32(d, SUM, 1, n);
            simd.shareOverlapF32(ALONE, SUM, COUNT, n);
            simd.finishSumF32(BASE, SUM, SUM, 1, n);
          },
        ],
      ]),
    ),
    ...Object.fromEntries(
      [1, 2, 3].map((least) => [
        `adding up what ${least} stand behind`,
        [
          (n: number) => simd.agreedOfTwoBF16(B, X, Y, OUT, WORK, 0.4, 0.8, least, 0.6, n),
          (n: number) => {
            for (const d of [P, Q]) simd.addScaledF32(d, SUM, 1, n);
            simd.countDominantF32(P, SUM, COUNT, 0.4, n);
            simd.countDominantF32(Q, SUM, COUNT, 0.8, n);
            simd.clearBelowF32(COUNT, SUM, least, n);
            simd.finishSumF32(BASE, SUM, SUM, 0.6, n);
          },
        ],
      ]),
    ),
  };

  for (const [name, [whole, separate]] of Object.entries(WHOLE))
    it(`give the same bits in ${name}`, () => {
      const n = 1000;
      fillStored("BF16", true);
      new Uint8Array(memory.buffer, BASE, TABLE - BASE).fill(0);
      simd.decodeBF16(B, BASE, n);
      simd.subtractBF16(X, BASE, P, n);
      simd.subtractBF16(Y, BASE, Q, n);
      separate(n);
      simd.encodeBF16(SUM, OUT, n);
      const expected = [...new Uint16Array(memory.buffer, OUT, n)];
      new Uint16Array(memory.buffer, OUT, n).fill(0);
      assert.equal(whole(n), 1);
      assert.deepEqual([...new Uint16Array(memory.buffer, OUT, n)], expected);
      const base = [...new Uint16Array(memory.buffer, B, n)];
      const moved = expected.filter((bits, i) => bits !== base[i]).length;
      assert.ok(name.startsWith("adding up what 3") ? moved === 0 : moved > 100);
    });

  it("give the same numbers of importances within windows, and take the same", () => {
    const [n, factor, bin] = [1000, 3.7, 2 ** 15];
    fillStored("BF16", true);
    simd.decodeBF16(B, BASE, n);
    simd.decodeBF16(X, P, n);
    simd.subtractBF16(X, BASE, Q, n);
    simd.scaleMagnitudes(Q, SUM, factor, n);
    const nowhere = 0x7fff_8000;
    const low = bitsOf(0.25 * factor) & -bin;
    new Uint32Array(memory.buffer, TABLE, bin).fill(0);
    const above = simd.histogramWindow(SUM, TABLE, low, low + bin, n);
    const separate = [...new Uint32Array(memory.buffer, TABLE, bin)];
    new Uint32Array(memory.buffer, TABLE, bin).fill(0);
    const windows = new Int32Array(memory.buffer, COUNTS, 13).fill(0);
    windows.set([low, low + bin, TABLE, 0, nowhere, nowhere, TABLE, 0, nowhere, nowhere, TABLE, 0]);
    simd.windowsImportanceBF16(B, X, COUNTS, WORK, factor, n);
    assert.deepEqual([...new Uint32Array(memory.buffer, TABLE, bin)], separate);
    assert.equal(windows[3], above);
    assert.equal(windows[12], simd.countEqual(SUM, 0, n));
    assert.ok(above > 100 && separate.some((count) => count > 0));

    simd.takeFromF32(SUM, P, BASE, Q, 1.2, n);
    simd.encodeBF16(Q, OUT, n);
    const taken = [...new Uint16Array(memory.buffer, OUT, n)];
    assert.equal(simd.takeImportantBF16(B, X, OUT, WORK, factor, 1.2, n), 1);
    assert.deepEqual([...new Uint16Array(memory.buffer, OUT, n)], taken);
  });
});

import assert from "node:assert/strict";
import { arceeFusion, arceeImportance, nearswap } from "./pairs.ts";
import { ram, ramplusTl } from "./ram.ts";
import { sce, selectedCount } from "./sce.ts";
import { consensusTa, magmax, pcb } from "./selection.ts";
import { ties, dareLinear, dellaLinear, taskArithmetic } from "./task-arithmetic.ts";
import { at } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

const zero = (length: number) => new Float64Array(length);
const of = (...values: number[]) => Float64Array.of(...values);
const close = (got: Vector, ...expected: number[]) => {
  assert.equal(got.length, expected.length);
  got.forEach((value, i) => {
    const wanted = expected[i] ?? NaN;
    assert.ok(Math.abs(value - wanted) < 1e-12, `${got.join()} instead of ${expected.join()}`);
  });
};

describe("references that decide element by element", () => {
  it("TIES sums the kept entries that agree with the majority and divides by their weights", () => {
    const models = [of(4, -1, 2, 0), of(2, 3, -6, 0), of(-1, 2, 1, 0)];
    const inputs = { base: zero(4), models, shape: [4] };
    close(ties({ ...inputs, weight: [1, 1, 1] }), 3, 2.5, -6, 0);
    close(ties({ ...inputs, weight: [1, 1, 1], normalize: false, lambda: 2 }), 12, 10, -12, 0);
    // At density 0.25 each model keeps its largest entry: 4, -6 and 2.
    close(ties({ ...inputs, weight: [1, 2, 3], density: [0.25, 0.25, 0.25] }), 4, 2, -6, 0);
    // The vote is on weighted entries, and an even vote is positive.
    close(ties({ ...inputs, weight: [1, 2, 0] }), 8 / 3, 3, -6, 0);
    close(ties({ base: zero(1), models: [of(1), of(-1)], shape: [1], weight: [1, 1] }), 1);
  });

  it("weights that cancel leave sums undivided", () => {
    const inputs = { base: zero(1), models: [of(3), of(1)], shape: [1], weight: [1, -1], normalize: true };
    close(taskArithmetic(inputs), 2);
    close(dellaLinear({ ...inputs, density: [1, 1] }), 2);
  });

  it("DARE restores the sum of magnitudes of what the mask keeps", () => {
    const inputs = { base: of(1, 1, 1), models: [of(2, 4, 3)], shape: [3], weight: [1] };
    const thinned = { ...inputs, density: [0.5], masks: [[1, 0, 1]] };
    close(dareLinear(thinned), 3, 1, 5);
    close(dareLinear({ ...thinned, rescale: false }), 2, 1, 3);
    close(dareLinear({ ...inputs, density: [0] }), 1, 1, 1);
  });

  it("SCE selects by variance, shares by mean square and erases the minority", () => {
    const models = [of(1, 4, 0), of(1, -2, 0)];
    // Variance only at entry 1; shares 16 / 20 and 4 / 20; the negative entry is erased.
    close(sce({ base: zero(3), models, shape: [3], select_topk: 0.5 }), 0, 0, 0);
    close(sce({ base: zero(3), models, shape: [3] }), 1, 4, 0);
    const four = [of(1, 4, 3, 0), of(2, 2, 1, 0)];
    // Variances 1/4, 1, 1, 0: of the three that vary int(3 * 0.4) = 1, the first of the two equal ones.
    close(sce({ base: zero(4), models: four, shape: [4], select_topk: 0.4 }), 0, (16 * 4 + 4 * 2) / 20, 0, 0);
    assert.equal(selectedCount(100, 0.29), 29);
    assert.equal(selectedCount(5, -1), 0);
  });

  it("SCE gives the base where nothing varies, unless everything is selected", () => {
    const inputs = { base: of(1, 2), models: [of(2, 4), of(2, 4)], shape: [2] };
    close(sce({ ...inputs, select_topk: 0.9 }), 1, 2);
    close(sce({ ...inputs, select_topk: 1 }), 2, 4);
    close(sce({ ...inputs, models: [of(2, 4)], select_topk: 0.9 }), 1, 2);
  });

  it("RAM averages where several are active, and RAM+ enlarges what only one changed", () => {
    const inputs = { base: zero(4), models: [of(1, 2, 0, 0.001), of(3, 0, 0, 0)], shape: [4], epsilon: 0.01 };
    close(ram(inputs), 2, 2, 0, 0);
    // Model 1: one shared and one unique entry, so 1 + r * min(1, alpha).
    close(ramplusTl({ ...inputs, r: 0.5, alpha: 0.4 }), 2, 2.4, 0, 0);
    close(ramplusTl({ ...inputs, r: 0.5, alpha: 3 }), 2, 3, 0, 0);
  });

  it("nearswap swaps what is near and moves t of the rest", () => {
    const inputs = { base: of(0, 0, 0, 0), models: [of(0.5, 2, -4, 0)], shape: [4] };
    close(nearswap({ ...inputs, t: 1 }), 0.5, 1, -1, 0);
    close(nearswap({ ...inputs, t: 0 }), 0, 0, 0, 0);
    close(nearswap({ ...inputs, t: -1 }), 0, 0, 0, 0);
    // Differences below 1e-6 count as 1e-6.
    const tiny = nearswap({ base: of(0), models: [of(5e-7)], shape: [1], t: 1e-7 });
    assert.ok(Math.abs(at(tiny, 0) - 5e-8) < 1e-12);
  });

  it("Arcee Fusion weighs differences by the divergence of their row", () => {
    const inputs = { base: of(0, 0, 1, 1), models: [of(Math.log(3), 0, 1, 1)], shape: [2, 2] };
    const kl = (p: number, q: number) => (p + 1e-8) * Math.log((p + 1e-8) / (q + 1e-8));
    const divergence = kl(0.75, 0.5) + kl(0.25, 0.5);
    close(arceeImportance(inputs), Math.log(3) * divergence, 0, 0, 0);
    // Median and quartiles are 0, so everything is important enough.
    close(arceeFusion(inputs), Math.log(3), 0, 1, 1);
  });

  it("Arcee Fusion takes quantiles at int(q * (N - 1)) of all importances", () => {
    const base = zero(5);
    const models = [of(1, 2, 3, 4, 10)];
    // One row: importances are proportional to 1, 2, 3, 4, 10; the threshold is 3 + 1.5 * (4 - 2) = 6.
    close(arceeFusion({ base, models, shape: [5] }), 0, 0, 0, 0, 10);
  });

  it("MagMax takes the largest magnitude, the last of equal ones", () => {
    const inputs = { base: of(1, 1, 1), models: [of(3, 0, 2), of(2, 2, 0)], shape: [3] };
    close(magmax(inputs), 3, 2, 0);
    close(magmax({ ...inputs, lambda: 0.5 }), 2, 1.5, 0.5);
  });

  it("Consensus TA keeps the sum where enough masks agree", () => {
    const inputs = { base: zero(3), models: [of(1, 1, 2), of(1, 0, -1)], shape: [3], lambda: 0.5 };
    const strictness = [0.4, 0.4];
    // Entry 0: both 1 > 0.4 * 1. Entry 1: 1 > 0, 0 > 0.4 fails. Entry 2: 2 > 0.4 and 1 > 0.8.
    close(consensusTa({ ...inputs, tall_lambda: strictness }), 1, 0, 0.5);
    close(consensusTa({ ...inputs, tall_lambda: strictness, k: 1 }), 1, 0.5, 0.5);
    close(consensusTa({ ...inputs, tall_lambda: [0.4, 0.6] }), 1, 0, 0);
    close(consensusTa({ ...inputs, tall_lambda: strictness, k: 0 }), 1, 0.5, 0.5);
  });

  it("PCB keeps the best-scored entries of each model", () => {
    const models = [of(4, 1, -2, 0.5), of(2, -3, -1, 0.1)];
    const merged = pcb({ base: zero(4), models, shape: [4], ratio: 0.25 });
    // int(4 * 0.75) = 3: only the entry of the highest rank is above the cut, but then nothing is left to stretch.
    close(merged, 0, 0, 0, 0);
    const wider = pcb({ base: zero(4), models, shape: [4], ratio: 0.5 });
    assert.deepEqual(
      [...wider].map((value) => Math.sign(value)),
      [1, 0, 0, 0],
    );
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { REFERENCES, runReference } from "./index.ts";
import { at } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

type Parameters = Readonly<Record<string, unknown>>;

/** Parameters with which every method runs, for n models. */
function parametersOf(method: string, n: number): Parameters {
  const each = (value: number): number[] => Array<number>(n).fill(value);
  const own: Readonly<Record<string, Parameters>> = {
    consensus_ta: { lambda: 0.4, tall_lambda: each(0.4) },
    nearswap: { t: 0.1 },
    slerp: { t: 0.3 },
    wise_ft: { alpha: 0.3 },
    sce: { select_topk: 0.6 },
    pcb: { ratio: 0.3 },
    breadcrumbs: { density: each(0.6), gamma: each(0.2) },
    breadcrumbs_ties: { density: each(0.6), gamma: each(0.2) },
    ties: { density: each(0.4) },
  };
  const weighted = REFERENCES[method]?.perModel.includes("weight") === true;
  return { ...(weighted ? { weight: each(0.7) } : {}), ...own[method] };
}

const ONE_MODEL = new Set(["arcee_fusion", "nearswap", "passthrough", "slerp", "wise_ft"]);
const TWO_MODELS = new Set(["nuslerp"]);
/** Built on sums of task vectors, not on means: equal models move further than each of them. */
const SUMS = new Set([
  "breadcrumbs",
  "breadcrumbs_ties",
  "consensus_ta",
  "dare_linear",
  "dare_ties",
  "della_linear",
  "task_arithmetic",
]);
/** Leave out entries that vary or change too little, or that are not among the largest. */
const SELECTIVE = new Set(["pcb", "ram", "ramplus_tl", "sce", "ties"]);

/** Just above the norm at which the Karcher mean, by default, takes a vector for zero. */
const TOLERANCE = 1.1e-5;

const tensor = (length: number) =>
  fc
    .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: length, maxLength: length })
    .map((values) => Float64Array.from(values));
const shapes = fc.constantFrom([1], [6], [1, 6], [6, 1], [2, 3], [1, 2, 3], []);
const counts = fc.integer({ min: 1, max: 4 });

function modelCount(method: string, wanted: number): number {
  return ONE_MODEL.has(method) ? 1 : TWO_MODELS.has(method) ? 2 : wanted;
}

function run(method: string, base: Vector, models: readonly Vector[], shape: readonly number[]): Vector {
  return runReference(method, { ...parametersOf(method, models.length), base, models, shape });
}

function assertClose(got: Vector, expected: Vector, what: string): void {
  assert.equal(got.length, expected.length, what);
  got.forEach((value, i) => {
    const wanted = at(expected, i);
    assert.ok(
      Math.abs(value - wanted) <= TOLERANCE * (1 + Math.abs(wanted)),
      `${what}: ${value} is not ${wanted}`,
    );
  });
}

describe("references on degenerate inputs", () => {
  for (const method of Object.keys(REFERENCES)) {
    it(`${method} gives the base where no model changed it`, () => {
      fc.assert(
        fc.property(shapes, counts, tensor(6), (shape, count, values) => {
          const base = values.slice(0, sizeOf(shape));
          const models = Array<Vector>(modelCount(method, count)).fill(base);
          assertClose(run(method, base, models, shape), base, method);
        }),
      );
    });

    it(`${method} stays finite for any base and models`, () => {
      fc.assert(
        fc.property(shapes, counts, tensor(30), (shape, count, values) => {
          const size = sizeOf(shape);
          const part = (i: number) => values.slice(i * size, (i + 1) * size);
          const models = Array.from({ length: modelCount(method, count) }, (_, i) => part(i + 1));
          const merged = run(method, part(0), models, shape);
          assert.equal(merged.length, size);
          assert.ok(
            merged.every((value) => Number.isFinite(value)),
            merged.join(),
          );
        }),
      );
    });

    if (SUMS.has(method) || SELECTIVE.has(method) || ONE_MODEL.has(method)) continue;
    it(`${method} gives equal models back`, () => {
      fc.assert(
        fc.property(shapes, counts, tensor(6), tensor(6), (shape, count, values, others) => {
          const size = sizeOf(shape);
          const model = values.slice(0, size);
          const models = Array<Vector>(modelCount(method, Math.max(2, count))).fill(model);
          assertClose(run(method, others.slice(0, size), models, shape), model, method);
        }),
      );
    });
  }
});

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

import assert from "node:assert/strict";
import { runPlan } from "../../src/engine/run.ts";
import type { MergePlan, PlannedInput } from "../../src/plan/types.ts";
import { AVERAGE, MEAN, ZERO } from "../../src/tokenizer/row-map.ts";
import type { Alignment, RowMap } from "../../src/tokenizer/row-map.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import { handMadePlan, readResult } from "./hand-made-plan.ts";
import type { HandMadeInput, HandMadeTensor } from "./hand-made-plan.ts";

type Row = readonly [origin: number, row: number];
type Method = Pick<HandMadeTensor, "method" | "granularity" | "action" | "parameters"> & {
  readonly own?: PlannedInput["parameters"];
};

interface Stored {
  readonly dtype: TinyDtype;
  readonly rows: number;
  /** Stored column by column, as a checkpoint of PyTorch may have it. */
  readonly transposed?: boolean;
}

/** Rows of three models, of which the first is the base, in one tensor over the vocabulary. */
interface Case {
  readonly columns: number;
  readonly stored: readonly Stored[];
  /** For each model, what its rewritten tensor has in each row. */
  readonly wanted: readonly (readonly Row[])[];
  readonly averages: readonly (readonly Row[])[];
  /** Rows that MEAN is of. */
  readonly vocabularyLength: number;
  /** What rows are brought to. */
  readonly dtype: TinyDtype;
}

function mapOf(rows: readonly Row[]): RowMap {
  const map: { starts: number[]; origins: number[]; rows: number[] } = { starts: [], origins: [], rows: [] };
  rows.forEach(([origin, row], i) => {
    const [before, from] = rows[i - 1] ?? [NaN, NaN];
    const step = origin === ZERO || origin === MEAN ? 0 : 1;
    if (origin === before && row === from + step) return;
    map.starts.push(i);
    map.origins.push(origin);
    map.rows.push(row);
  });
  return map;
}

function alignmentOf({ wanted, averages, vocabularyLength }: Case): Alignment {
  const starts = averages.map((_, i) => averages.slice(0, i).reduce((sum, entry) => sum + entry.length, 0));
  return {
    rowCount: wanted[0]?.length ?? 0,
    vocabularyLength,
    maps: wanted.map(mapOf),
    averages: {
      starts: [...starts, averages.flat().length],
      models: averages.flat().map(([model]) => model),
      rows: averages.flat().map(([, row]) => row),
    },
  };
}

/** What each model has stored; random, and rounded to its dtype. */
const storedOf = ({ stored, columns }: Case) =>
  stored.map(({ dtype, rows }, model) => {
    const normal = makeNormal(70 + model);
    return Float64Array.from({ length: rows * columns }, () => roundTo(normal(), dtype));
  });

/** The rewritten tensors, made row by row as the definition says. */
function rewritten(of: Case): Float64Array[] {
  const { columns, wanted, averages, vocabularyLength, dtype } = of;
  const stored = storedOf(of);
  const at = ([model, row]: Row, column: number) => stored[model]?.[row * columns + column] ?? NaN;
  return wanted.map((rows) => {
    const value = ([origin, row]: Row, column: number): number => {
      if (origin === ZERO) return 0;
      if (origin === AVERAGE) {
        const entry = averages[row] ?? [];
        return roundTo(entry.reduce((sum, each) => sum + at(each, column), 0) / entry.length, dtype);
      }
      if (origin !== MEAN) return at([origin, row], column);
      const first = rows.slice(0, vocabularyLength);
      return roundTo(first.reduce((sum, each) => sum + value(each, column), 0) / vocabularyLength, dtype);
    };
    const values = rows.flatMap((row) => Array.from({ length: columns }, (_, column) => value(row, column)));
    return Float64Array.from(values);
  });
}

function tensorOf(of: Case, method: Method, inputs: readonly HandMadeInput[]): HandMadeTensor {
  const { own, ...rest } = method;
  const [base, ...others] = inputs.map((input) => ({ ...input, ...(own && { parameters: own }) }));
  const rowCount = of.wanted[0]?.length ?? 0;
  const shape = of.columns === 1 ? [rowCount] : [rowCount, of.columns];
  const withBase = method.method === "model_stock" || method.method === "ties";
  return {
    name: "embedding",
    shape,
    dtype: of.dtype,
    ...rest,
    ...(withBase && base !== undefined && { base }),
    inputs: method.action === "copy" ? others.slice(0, 1) : others,
  };
}

/** The stored tensors as a plan has them. */
function storedTensor(of: Case): HandMadeTensor {
  const [base, ...inputs] = storedOf(of).map((values, model): HandMadeInput => {
    const { dtype, rows, transposed = false } = of.stored[model] ?? { dtype: "F32", rows: 0 };
    if (!transposed) return { dtype, values };
    const turned = values.map((_, i) => values[(i % rows) * of.columns + Math.floor(i / rows)] ?? NaN);
    return { dtype, values: turned, strides: [1, rows] };
  });
  return { name: "stored", shape: [0], dtype: "F32", method: "linear", inputs, ...(base && { base }) };
}

/** The plan over stored tensors, the first of the plan, whose rows are matched while they are read. */
function withRows(plan: MergePlan, of: Case): MergePlan {
  const [stored, tensor] = plan.tensors;
  assert.ok(stored?.base !== undefined && tensor !== undefined);
  const sources = [stored.base, ...stored.inputs].map(
    ({ model, tensor: name, dtype, file, offset, strides }, k) => {
      const rows = of.stored[k]?.rows ?? 0;
      const shape = of.columns === 1 ? [rows] : [rows, of.columns];
      return { model, tensor: name, dtype, shape, file, offset, ...(strides && { strides }) };
    },
  );
  const inRows = (input: PlannedInput): PlannedInput => {
    return { ...input, dtype: of.dtype, rows: { alignment: 0, map: input.model, sources } };
  };
  const base = tensor.base && inRows(tensor.base);
  const aligned = { ...tensor, ...(base && { base }), inputs: tensor.inputs.map(inRows) };
  return { ...plan, tensors: [aligned], alignments: [alignmentOf(of)] };
}

const METHODS: Readonly<Record<string, Method>> = {
  "a linear sum": { method: "linear", parameters: { normalize: true }, own: { weight: 0.3 } },
  "Model Stock over the tensor": { method: "model_stock", parameters: { filter_wise: false } },
  "Model Stock row by row": { method: "model_stock", granularity: "row", parameters: { filter_wise: true } },
  "ranks of all entries": {
    method: "ties",
    parameters: { normalize: true, rescale: false, lambda: 1, lines_alpha: 1 },
    own: { weight: 0.5, density: 0.4 },
  },
  "angles column by column": {
    method: "nuslerp",
    granularity: "column",
    parameters: { nuslerp_flatten: false, nuslerp_row_wise: true },
    own: { weight: 0.4 },
  },
  "a copy": { method: "passthrough", action: "copy" },
};

/** Some rows follow one another in their model, some are alone, some come from elsewhere. */
const shuffled = (count: number, model: number, stored: number): Row[] =>
  Array.from({ length: count }, (_, i): Row => {
    if (i % 11 === 5) return [ZERO, 0];
    return i % 3 === 0
      ? [(model + 1) % 3, (i * 7) % 20]
      : [model, (Math.floor(i / 6) * 6 + (i % 6)) % stored];
  });

const PLAIN: Case = {
  columns: 300,
  stored: [
    { dtype: "BF16", rows: 37 },
    { dtype: "BF16", rows: 23 },
    { dtype: "BF16", rows: 41 },
  ],
  wanted: [37, 23, 41].map((rows, model) => shuffled(50, model, rows)),
  averages: [],
  vocabularyLength: 50,
  dtype: "BF16",
};

const MIXED: Case = {
  ...PLAIN,
  stored: [
    { dtype: "F16", rows: 37 },
    { dtype: "BF16", rows: 23 },
    { dtype: "F32", rows: 41 },
  ],
  wanted: PLAIN.wanted.map((rows) => [
    ...rows.slice(0, 40),
    [AVERAGE, 0],
    [AVERAGE, 1],
    [AVERAGE, 0],
    ...new Array<Row>(5).fill([MEAN, 0]),
  ]),
  averages: [
    [
      [0, 3],
      [2, 40],
    ],
    [
      [0, 1],
      [1, 22],
      [2, 0],
    ],
  ],
  vocabularyLength: 43,
  dtype: "F32",
};

const CASES: Readonly<Record<string, Case>> = {
  "rows of one dtype": PLAIN,
  "rows of several dtypes, averages and means": MIXED,
  "rows of a transposed tensor": {
    ...PLAIN,
    stored: PLAIN.stored.map((each, k) => ({ ...each, transposed: k === 1 })),
  },
  "rows brought to F64": { ...MIXED, dtype: "F64" },
  "rows of one element": { ...MIXED, columns: 1 },
};

describe("Tensors whose rows lie in several models", () => {
  const folder = useTemporaryFolder();

  const merged = async (plan: MergePlan, out: string, options: object = {}) => {
    await runPlan(plan, { shardPaths: [out], ...options });
    return await readResult(out, plan, "embedding");
  };

  for (const [what, of] of Object.entries(CASES)) {
    for (const [how, method] of Object.entries(METHODS)) {
      it(`give, for ${what}, what ${how} gives of the rewritten tensors`, async () => {
        const whole = rewritten(of).map((values) => ({ dtype: of.dtype, values }));
        const expected = await handMadePlan(folder, [tensorOf(of, method, whole)]);
        const wanted = await merged(expected.plan, expected.out);
        assert.ok(wanted.some((byte) => byte !== 0));

        const nothing = whole.map(() => ({ dtype: of.dtype, values: [] }));
        const made = await handMadePlan(folder, [storedTensor(of), tensorOf(of, method, nothing)]);
        const plan = withRows(made.plan, of);
        for (const options of [
          {},
          { workers: 1, tileBytes: 4096 * 4 },
          { workers: 2, tileBytes: 3 * 4096 * 2 },
        ]) {
          assert.ok((await merged(plan, made.out, options)).equals(wanted), JSON.stringify(options));
        }
      });
    }
  }
});

import { EngineError } from "../../errors.ts";
import type { AnyMethod, TileMethod, TileValues } from "../../methods/define.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass } from "./pass.ts";
import { writing, written } from "./selecting.ts";

type Arguments = Parameters<TileMethod["combine"]>;

/** Hands a method of the user's own each segment of its inputs, and writes what it makes of them. */
export const tilePass: Pass<"tile"> = {
  ...written,
  start: ({ method, context, measured }, bench) => {
    const combine = combineOf(bench.methods, method);
    // One solution for several tensors knows the first of them.
    const { name: tensor, shape } = bench.tensor ?? { name: "", shape: [] };
    const about = { ...context, tensor, shape } as Arguments[1];
    const results = measured as Arguments[2];
    return writing(bench, (offset, n, out) => {
      const operands = bench.operands.map((_, k) => copyOf(bench, bench.floats(k, offset, n, k), n));
      const [base, inputs] = bench.hasBase
        ? [operands[0] ?? noValues(bench), operands.slice(1)]
        : [noValues(bench), operands];
      const tile = { base, inputs, length: n, begin: bench.range.begin + offset };
      view(bench, out, n).set(combine(tile, about, results));
    });
  },
};

function combineOf(methods: readonly AnyMethod[], name: string): TileMethod["combine"] {
  const method = methods.find((each) => each.name === name);
  if (method?.combine !== undefined) return method.combine as TileMethod["combine"];
  throw new EngineError("INTERNAL", `No method with tiles named ${name}`);
}

function view({ arithmetic, memory }: Workbench, address: number, n: number): TileValues {
  return arithmetic === "F64"
    ? new Float64Array(memory.buffer, address, n)
    : new Float32Array(memory.buffer, address, n);
}

/** A method that changed its inputs in place would change those of the next pass too. */
const copyOf = (bench: Workbench, address: number, n: number): TileValues => view(bench, address, n).slice();
const noValues = (bench: Workbench): TileValues => view(bench, bench.results, 0).slice();

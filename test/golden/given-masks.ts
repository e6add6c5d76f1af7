import { existsSync } from "node:fs";
import { join } from "node:path";
import { methodByName } from "../../src/methods/index.ts";
import type { AnyMethod, SolveContext } from "../../src/methods/define.ts";
import type { Mask } from "../../src/methods/mask.ts";
import type { ParameterSpecs } from "../../src/methods/params.ts";
import { addSparse, rescalings } from "../../src/methods/sparsify.ts";
import { keptSums } from "../../src/methods/statistics.ts";
import type { KeptSums } from "../../src/methods/statistics.ts";
import { readSafetensors } from "../fixtures/read-safetensors.ts";

type Context = SolveContext<ParameterSpecs> & {
  readonly parameters: {
    readonly weight: readonly number[];
    readonly density: readonly number[];
    readonly lambda: number;
    readonly normalize: boolean;
    readonly rescale: boolean;
    readonly lines_alpha: number;
    readonly lines_beta: number | undefined;
  };
};

/**
 * A random method with the masks that mergekit drew for a case instead of its own draws, under another name: what is
 * compared is what the method does with its masks.
 */
export function withGivenMasks(folder: string, method: string): AnyMethod {
  const drawn = readSafetensors(join(folder, "masks.safetensors")).tensors;
  const original = methodByName(method);
  if (original === undefined) throw new Error(`no method ${method}`);
  const masksOf = ({ tensor, parameters: { density } }: Context): Mask[] =>
    density.map((share, i) => {
      const mask = drawn.get(`${i}:${tensor}`);
      if (mask !== undefined) return { kind: "given", kept: mask.bytes };
      return { kind: share >= 1 ? "all" : "none" };
    });
  const given = {
    ...original,
    name: `${method}_given`,
    measure: (context: Context) => ({
      sums: keptSums(context.parameters.rescale ? masksOf(context) : [], 1),
    }),
    solve: (context: Context, { sums }: { sums: KeptSums }) => {
      const factors = context.parameters.rescale ? rescalings(sums) : undefined;
      const election = !method.endsWith("linear");
      return { combination: addSparse(context, masksOf(context), factors, election) };
    },
  };
  // The copy reads parameters by the original's names; only the types were lost with the descriptor's own.
  return given as unknown as AnyMethod;
}

export function hasGivenMasks(folder: string): boolean {
  return existsSync(join(folder, "masks.safetensors"));
}

import assert from "node:assert/strict";
import { layerOf } from "../../src/tensor/names.ts";
import { METHODS } from "../../src/methods/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { makeTinyFamily } from "../fixtures/tiny-models.ts";
import { lines } from "../reference/scaling.ts";
import { mergeByMethod } from "./merge-by-method.ts";

const LAYERS = 3;

describe("LiNeS", () => {
  const inFolder = useTemporaryFolder();
  const { base, fineTunes } = makeTinyFamily({ layers: LAYERS, dtype: "F32" });
  const models = fineTunes.map(({ tensors }) => tensors);

  for (const method of METHODS) {
    if (!("lines_alpha" in method.parameters)) continue;

    it(`scales what ${method.name} adds to the base, more in later layers`, async () => {
      const run = (name: string, parameters: Record<string, number>) =>
        mergeByMethod(inFolder(method.name, name), method, {
          base: base.tensors,
          models,
          recipe: { parameters },
        });
      const plain = await run("plain", {});
      // Without a beta the last layer keeps all of it.
      for (const [alpha, given] of [
        [0.2, undefined],
        [0.3, 1.4],
      ] as const) {
        const beta = given === undefined ? {} : { lines_beta: given };
        const scaled = await run(`from ${alpha}`, { lines_alpha: alpha, ...beta });
        for (const [name, { values }] of plain) {
          const layer = layerOf(name)?.layer;
          const expected = lines(
            Float64Array.from(base.tensors[name]?.values ?? []),
            Float64Array.from(values),
            {
              alpha,
              beta: given ?? 1 - alpha,
              layers: LAYERS,
              ...(layer === undefined ? {} : { layer }),
            },
          );
          scaled.get(name)?.values.forEach((value, i) => {
            assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 1e-6, `${name}[${i}]`);
          });
        }
      }
    });
  }
});

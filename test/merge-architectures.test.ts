import assert from "node:assert/strict";
import { merge } from "../src/index.ts";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { DECODERS } from "./fixtures/tiny-decoders.ts";
import { ENCODERS } from "./fixtures/tiny-encoders.ts";
import { writeTinyFamily } from "./fixtures/tiny-models.ts";
import { PARTS } from "./fixtures/tiny-parts.ts";

const RECIPE = `
merge_method: linear
models:
  - {model: ft1, parameters: {weight: [0.2, 1]}}
  - {model: ft2, parameters: {weight: 1}}
`;

describe("a merge with a gradient over the layers", () => {
  const inFolder = useTemporaryFolder();

  for (const [title, architecture] of Object.entries({ ...DECODERS, ...ENCODERS, ...PARTS })) {
    it(`has every tensor of ${title}, each value within a rounding of the exact one`, async () => {
      const folder = inFolder(title.replaceAll(" ", "-"));
      const [, ft1, ft2] = (await writeTinyFamily(folder, { architecture, fineTunes: 2 })).models;
      assert.ok(ft1 && ft2);
      const report = await merge({ recipe: { text: RECIPE }, cwd: folder, out: "out" });
      const merged = readWeights(`${folder}/out`);
      assert.deepEqual([...merged.keys()].sort(), Object.keys(ft1.tensors).sort());
      const layers = new Map<string, number>();
      for (const name of merged.keys()) {
        const [, prefix = "", layer = ""] = /^(\D+)\.(\d+)\./.exec(name) ?? [];
        layers.set(prefix, Math.max(layers.get(prefix) ?? 0, Number(layer)));
      }
      for (const [name, { values, shape }] of merged) {
        const [x, y] = [ft1, ft2].map(({ tensors }) => tensors[name]?.values ?? []);
        assert.deepEqual(shape, ft1.tensors[name]?.shape);
        const [, prefix = "", layer = ""] = /^(\D+)\.(\d+)\./.exec(name) ?? [];
        const last = layers.get(prefix) ?? 0;
        const weight = prefix === "" ? 0.2 : 0.2 + 0.8 * (last === 0 ? 1 : Number(layer) / last);
        values.forEach((value, i) => {
          const [a, b] = [x?.[i] ?? NaN, y?.[i] ?? NaN];
          const exact = report.copied.includes(name) ? a : (weight * a + b) / (weight + 1);
          assert.ok(
            Math.abs(value - exact) <= 2 ** -21 * Math.max(Math.abs(a), Math.abs(b)),
            `${name}[${i}]`,
          );
        });
      }
    });
  }
});

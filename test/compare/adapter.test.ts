import assert from "node:assert/strict";
import { compare } from "../../src/index.ts";
import { fixtureTensor, writeAdapter, writeModel } from "../fixtures/adapters.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

const [ROWS, COLUMNS, RANK] = [37, 150, 4];

describe("A comparison of models with adapters", () => {
  const inFolder = useTemporaryFolder();

  it("measures what the adapters add, and merges them where a model must lie in a folder", async () => {
    const model: FixtureTensors = { "layers.0.q.weight": fixtureTensor("q", [ROWS, COLUMNS], "F32") };
    writeModel(inFolder("base"), model);
    const lengths = ["one", "two"].map((name) => {
      const a = fixtureTensor(`${name} A`, [RANK, COLUMNS], "F32", 0.2);
      const b = fixtureTensor(`${name} B`, [ROWS, RANK], "F32", 0.2);
      writeAdapter(
        inFolder(name),
        {},
        {
          "base_model.model.layers.0.q.lora_A.weight": a,
          "base_model.model.layers.0.q.lora_B.weight": b,
        },
      );
      // lora_alpha / r * B A, with the fixture's alpha 6 and rank 4.
      let square = 0;
      for (let i = 0; i < ROWS; i++)
        for (let j = 0; j < COLUMNS; j++) {
          let sum = 0;
          for (let k = 0; k < RANK; k++)
            sum += Number(b.values[i * RANK + k]) * Number(a.values[k * COLUMNS + j]);
          square += (1.5 * sum) ** 2;
        }
      return Math.sqrt(square);
    });
    const base = inFolder("base");
    const text = `base_model: ${base}
models:
  - model: ${base}+${inFolder("one")}
  - model: ${base}+${inFolder("two")}
evaluate: {command: [node, -e, 'console.log(JSON.stringify({bytes: require("fs").statSync(process.argv[1] + "/model.safetensors").size}))', "{model}"]}
compare: {variants: [base, models, model_stock]}
`;
    const report = await compare({
      recipe: { text },
      out: inFolder("out"),
      allowCode: true,
      environment: { PATH: process.env["PATH"] },
    });
    report.diagnosis?.models.forEach(({ norm }, i) => {
      const expected = lengths[i] ?? NaN;
      assert.ok(Math.abs(norm - expected) < expected * 1e-5, `${norm}, not ${expected}`);
    });
    assert.deepEqual(
      report.variants.map(({ kind, metrics }) => [kind, (metrics?.["bytes"] ?? 0) > 4 * ROWS * COLUMNS]),
      ["base", "model", "model", "merge"].map((kind) => [kind, true]),
    );
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { alignRows } from "../../src/tokenizer/align.ts";
import { outputVocabulary } from "../../src/tokenizer/output-vocabulary.ts";
import { rowSource } from "../../src/tokenizer/row-map.ts";
import { readVocabulary } from "../../src/tokenizer/vocabulary.ts";
import { readSafetensors, readWeights } from "../fixtures/read-safetensors.ts";
import { settingOf } from "./tiny-tokenizers.ts";

const FOLDER = "test/golden/models/vocab";
const CASE = "test/golden/cases/tokenizer-union";

interface Expected {
  readonly vocab: Readonly<Record<string, number>>;
  readonly config: { readonly vocab_size: number };
  readonly tolerance: { readonly atol: number; readonly rtol: number };
}

/** The recipe's weights for base and ext. */
const WEIGHTS = [0.4, 0.6];

describe("Alignment against mergekit's union of two vocabularies", () => {
  const weights = ["base", "ext"].map((name) => readWeights(join(FOLDER, name)));
  const models = ["base", "ext"].map((name, i) => {
    const files = new Map([["tokenizer.json", readFileSync(join(FOLDER, name, "tokenizer.json"), "utf8")]]);
    const rows = weights[i]?.get("model.embed_tokens.weight")?.shape[0] ?? 0;
    return { reference: name, vocabulary: readVocabulary(files, name), rows };
  });
  const expected = JSON.parse(readFileSync(join(CASE, "expected.json"), "utf8")) as Expected;
  const output = outputVocabulary(models, 0, settingOf("union"));

  it("gives every token mergekit's id", () => {
    assert.deepEqual(Object.fromEntries(output.ids), expected.vocab);
    assert.equal(output.rows, expected.config.vocab_size);
  });

  for (const name of ["model.embed_tokens.weight", "lm_head.weight"]) {
    it(`makes mergekit's ${name}`, () => {
      const alignment = alignRows(output, models, 0, new Map());
      const golden = readSafetensors(join(CASE, "expected.safetensors")).tensors.get(name);
      assert.ok(golden);
      const [rows = 0, columns = 0] = golden.shape;
      assert.equal(rows, alignment.rowCount);
      const { atol, rtol } = expected.tolerance;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const value = weights.reduce((sum, _, model) => {
            const { origin, row: from } = rowSource(alignment, model, row);
            const element = weights[origin]?.get(name)?.values[from * columns + column] ?? NaN;
            return sum + (WEIGHTS[model] ?? NaN) * element;
          }, 0);
          const wanted = golden.values[row * columns + column] ?? NaN;
          const distance = Math.abs(value - wanted);
          assert.ok(distance <= atol + rtol * Math.abs(wanted), `${row}, ${column}: ${value} for ${wanted}`);
        }
      }
    });
  }
});

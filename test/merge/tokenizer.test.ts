import assert from "node:assert/strict";
import { UNIONS } from "../tokenizer/unions.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import { tokenizersLibrary } from "../tokenizer/library.ts";
import { bpeFiles, checkRows, linearOf, useTokenMerges, WEIGHTS } from "./token-merges.ts";
import { HEAD, idsOf, OVER_VOCABULARY, rowBefore, WIDTH, writeTokenModel } from "./token-models.ts";
import type { Asked, TokenModel } from "./token-models.ts";

describe("A merge that matches rows by token", () => {
  const { folder, run } = useTokenMerges();

  for (const [kind, { models, texts }] of Object.entries(UNIONS)) {
    it(`gives each token of a union of ${kind} tokenizers its own merged row`, async () => {
      const names = models.map(({ reference }) => `${kind.replace(/\W/g, "")}-${reference}`);
      const written: TokenModel[] = [];
      for (const [i, name] of names.entries())
        written.push(
          await writeTokenModel(folder(), name, { files: Object.fromEntries(models[i]?.files ?? []) }),
        );
      const merged = await run(linearOf(written, "tokenizer_source: union\n", names[0]));
      const ids = idsOf(merged.text("tokenizer.json"));
      assert.deepEqual(
        [...ids.keys()].sort(),
        [...new Set(written.flatMap((model) => [...model.ids.keys()]))].sort(),
      );
      checkRows(merged, written, { base: names[0] ?? "" });
      const library = await tokenizersLibrary();
      if (library === undefined) return;
      const tokenizer = new library.Tokenizer(merged.json("tokenizer.json"), merged.json("config.json"));
      for (const [text, encoded] of Object.entries(texts))
        assert.deepEqual(tokenizer.encode(text).ids, encoded, JSON.stringify(text));
    });
  }

  describe("of three byte-pair vocabularies", () => {
    let models: TokenModel[] = [];

    before(async () => {
      models = [
        await writeTokenModel(folder(), "base", { files: bpeFiles("a b c d", "<s>"), rows: 7 }),
        await writeTokenModel(folder(), "x", { files: bpeFiles("b p a q", "<s> <x>") }),
        await writeTokenModel(folder(), "y", { files: bpeFiles("q c r a p", "<y>"), rows: 8 }),
      ];
    });

    const CASES: Readonly<Record<string, { options: string; asked?: Asked; tokens: string; rows: number }>> =
      {
        "all tokens of all models": {
          options: "tokenizer: {source: union}\n",
          tokens: "a b c d <s> p q r <x> <y>",
          rows: 10,
        },
        "the base's tokens, in all rows that it has": {
          options: "tokenizer: {source: base}\n",
          tokens: "a b c d <s>",
          rows: 7,
        },
        "the tokens of a model": {
          options: "tokenizer_source: ./y\n",
          tokens: "q c r a p <y>",
          rows: 8,
        },
        "zeros for a token": {
          options: "tokenizer: {tokens: {p: {source: {kind: zero}}}}\n",
          asked: { tokens: { p: { source: "zero" } } },
          tokens: "a b c d <s> p q r <x> <y>",
          rows: 10,
        },
        "zeros for a token by force": {
          options: "tokenizer: {tokens: {a: {source: {kind: zero}, force: true}}}\n",
          asked: { tokens: { a: { source: "zero", force: true } } },
          tokens: "a b c d <s> p q r <x> <y>",
          rows: 10,
        },
        "a model's row for a token": {
          options: "tokenizer: {tokens: {q: {source: ./y}, p: {source: ./x, force: true}}}\n",
          asked: { tokens: { q: { source: { model: "y" } }, p: { source: { model: "x" }, force: true } } },
          tokens: "a b c d <s> p q r <x> <y>",
          rows: 10,
        },
        "the row of another token, by its text": {
          options:
            'tokenizer: {source: base, tokens: {"<new>": {source: {kind: model_token, model: ./x, token: "<x>"}}}}\n',
          asked: { tokens: { "<new>": { source: { model: "x", token: "<x>" } } } },
          tokens: "a b c d <s> <new>",
          rows: 7,
        },
        "the row of another token, by its id, by force": {
          options:
            "tokenizer: {source: base, tokens: {b: {source: {kind: model_token, model: ./y, token_id: 2}, force: true}}}\n",
          asked: { tokens: { b: { source: { model: "y", id: 2 }, force: true } } },
          tokens: "a b c d <s>",
          rows: 7,
        },
        "the default row for a token by force": {
          options: "tokenizer: {tokens: {c: {force: true}}}\n",
          asked: { tokens: { c: { force: true } } },
          tokens: "a b c d <s> p q r <x> <y>",
          rows: 10,
        },
        "zeros for a token that no model has": {
          options: 'tokenizer: {source: base, tokens: {"<new>": {}}}\n',
          tokens: "a b c d <s> <new>",
          rows: 7,
        },
      };

    for (const [what, { options, asked, tokens, rows }] of Object.entries(CASES)) {
      for (const base of ["base", undefined]) {
        it(`gives ${what}, ${base === undefined ? "without" : "with"} a base`, async () => {
          const merged = await run(linearOf(models, options, base));
          assert.deepEqual(
            [...idsOf(merged.text("tokenizer.json"))].sort(([, a], [, b]) => a - b).map(([token]) => token),
            tokens.split(" "),
          );
          assert.equal(merged.json("config.json").vocab_size, rows);
          checkRows(merged, models, { ...(base !== undefined && { base }), ...asked });
        });
      }
    }

    it("pads to a multiple with the mean of all tokens' rows", async () => {
      const merged = await run(
        linearOf(models, "tokenizer: {source: base, pad_to_multiple_of: 8}\n", "base"),
      );
      checkRows(merged, models, { base: "base" });
      const { shape, values } = readWeights(merged.out).get(HEAD) ?? assert.fail();
      assert.deepEqual(shape, [8, WIDTH]);
      for (let column = 0; column < WIDTH; column++) {
        const at = (row: number) => values[row * WIDTH + column] ?? NaN;
        const mean = [0, 1, 2, 3, 4].reduce((sum, row) => sum + at(row), 0) / 5;
        for (const row of [5, 6, 7]) assert.ok(Math.abs(at(row) - mean) < 2e-7, `${at(row)} for ${mean}`);
      }
    });

    it("keeps the base's padding rows, merged with those of models that have them, too", async () => {
      const merged = await run(linearOf(models, "tokenizer_source: base\n", "base"));
      const values = readWeights(merged.out).get(HEAD)?.values ?? [];
      const stored = models.map(({ tensors }) => tensors[HEAD]?.values ?? []);
      for (let column = 0; column < WIDTH; column++) {
        // Row 6 has a token in x and none in y: there it is padding as well.
        const [base = NaN, , y = NaN] = stored.map((of) => of[6 * WIDTH + column]);
        const value = values[6 * WIDTH + column] ?? NaN;
        assert.ok(Math.abs(value - (0.2 * base + 0.5 * base + 0.3 * y)) < 2e-7);
      }
    });

    const METHODS: Readonly<Record<string, string>> = {
      model_stock: "",
      "model_stock row by row": "parameters: {filter_wise: true}\n",
      ties: "parameters: {density: 0.5, weight: 0.6}\n",
      dare_linear: "parameters: {density: 0.6, weight: 0.6}\n",
      della: "parameters: {density: 0.6, epsilon: 0.1, weight: 0.6}\n",
      karcher: "",
    };

    for (const [method, parameters] of Object.entries(METHODS)) {
      it(`gives ${method} the rewritten models, whatever the tiles and workers`, async () => {
        const [name = ""] = method.split(" ");
        const recipe = (prefix: string, end: string) =>
          `merge_method: ${name}\nbase_model: ./${prefix}base\nmodels: [{model: ./${prefix}x}, {model: ./${prefix}y}]\n${parameters}${end}`;
        const merged = await run(recipe("", "tokenizer_source: union\n"));
        const files = { "tokenizer.json": merged.text("tokenizer.json") };
        const tokens = [...idsOf(files["tokenizer.json"]).keys()];
        for (const model of models) {
          const rewritten = OVER_VOCABULARY.map((tensor) => {
            const rows = tokens.map((token) => rowBefore(token, model, models, tensor, { base: "base" }));
            return [tensor, { dtype: "F32", shape: [tokens.length, WIDTH], values: rows.flat() }] as const;
          });
          const tensors = { ...model.tensors, ...Object.fromEntries(rewritten) };
          await writeTokenModel(folder(), `rewritten-${model.name}`, { files, tensors });
        }
        const expected = readWeights((await run(recipe("rewritten-", ""))).out);
        const runs = [
          merged,
          await run(recipe("", "tokenizer_source: union\n"), { workers: 2, tileBytes: 1 }),
        ];
        for (const { out } of runs) {
          for (const [tensor, { bytes }] of readWeights(out))
            assert.deepEqual(bytes, expected.get(tensor)?.bytes, tensor);
        }
      });
    }
  });

  it("merges the rows of a tied embedding into another model's head, and a head's bias", async () => {
    const extra = { "lm_head.bias": [4] };
    const models = [
      await writeTokenModel(folder(), "headed", { files: bpeFiles("a b c d"), extra }),
      await writeTokenModel(folder(), "tied", {
        files: bpeFiles("d c b a"),
        tied: true,
        extra,
        config: { tie_word_embeddings: true },
      }),
    ];
    const merged = await run(linearOf(models, "tokenizer_source: union\n", "headed"));
    checkRows(merged, models, { base: "headed" });
    const [own, other] = models.map(({ tensors }) => tensors["lm_head.bias"]?.values ?? []);
    const bias = readWeights(merged.out).get("lm_head.bias")?.values ?? assert.fail();
    bias.forEach((value, i) => {
      assert.ok(Math.abs(value - (0.2 * (own?.[i] ?? NaN) + 0.5 * (other?.[3 - i] ?? NaN))) < 2e-7);
    });
  });

  it("pads a tied embedding and the head that it stands for with the means of each", async () => {
    const models = [
      await writeTokenModel(folder(), "padded", { files: bpeFiles("a b c d") }),
      await writeTokenModel(folder(), "padded-tied", { files: bpeFiles("b e"), tied: true }),
    ];
    const { out } = await run(linearOf(models, "tokenizer: {source: union, pad_to_multiple_of: 8}\n"));
    for (const name of OVER_VOCABULARY) {
      const { shape, values } = readWeights(out).get(name) ?? assert.fail();
      assert.deepEqual(shape, [8, WIDTH]);
      for (let column = 0; column < WIDTH; column++) {
        const at = (row: number) => values[row * WIDTH + column] ?? NaN;
        const mean = [0, 1, 2, 3, 4].reduce((sum, row) => sum + at(row), 0) / 5;
        assert.ok(Math.abs(at(5) - mean) < 2e-7, `${at(5)} for ${mean} in ${name}`);
      }
    }
  });

  it("takes embedding and head of stacked layers from the models of the first and the last slice", async () => {
    const models = [
      await writeTokenModel(folder(), "lower", { files: bpeFiles("a b c") }),
      await writeTokenModel(folder(), "upper", { files: bpeFiles("c d a") }),
    ];
    const slices =
      "slices: [{sources: [{model: ./lower, layer_range: [0, 2]}]}, {sources: [{model: ./upper, layer_range: [1, 2]}]}]\n";
    const merged = await run(`merge_method: passthrough\n${slices}tokenizer_source: union\n`);
    const weights = readWeights(merged.out);
    const ids = idsOf(merged.text("tokenizer.json"));
    assert.deepEqual([...ids.keys()], ["a", "b", "c", "d"]);
    for (const [k, name] of OVER_VOCABULARY.entries()) {
      const model = models[k] ?? assert.fail();
      for (const [token, id] of ids) {
        const wanted = rowBefore(token, model, models, name, {});
        assert.deepEqual(
          [...(weights.get(name)?.values.slice(id * WIDTH, (id + 1) * WIDTH) ?? [])],
          wanted,
          token,
        );
      }
    }
  });

  it("rounds the mean of several models' rows once, with the result", async () => {
    const models = [
      await writeTokenModel(folder(), "half1", { files: bpeFiles("a b"), dtype: "BF16" }),
      await writeTokenModel(folder(), "half2", { files: bpeFiles("a c"), dtype: "BF16" }),
      await writeTokenModel(folder(), "half3", { files: bpeFiles("a c"), dtype: "BF16" }),
    ];
    const merged = await run(linearOf(models, "tokenizer_source: union\n", "half1"));
    const { dtype, values } = readWeights(merged.out).get(HEAD) ?? assert.fail();
    assert.equal(dtype, "BF16");
    const before = models.map((model) => rowBefore("c", model, models, HEAD, { base: "half1" }));
    for (let column = 0; column < WIDTH; column++) {
      const exact = before.reduce((sum, row, i) => sum + (WEIGHTS[i] ?? NaN) * (row[column] ?? NaN), 0);
      assert.equal(values[2 * WIDTH + column], roundTo(exact, "BF16"));
    }
  });
});

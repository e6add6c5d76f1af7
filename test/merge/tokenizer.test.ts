import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { addedToken, bpe, tokenizerJson } from "../tokenizer/tiny-tokenizers.ts";
import { UNIONS } from "../tokenizer/unions.ts";
import { idsOf, OVER_VOCABULARY, rowBefore, WIDTH, writeTokenModel } from "./token-models.ts";
import type { Asked, TokenModel } from "./token-models.ts";

const WEIGHTS = [0.2, 0.5, 0.3];

/** A linear merge of models in their folders, the first as the base if one is named. */
function recipeOf(models: readonly { readonly name: string }[], options: string, base?: string): string {
  const list = models.map(
    ({ name }, i) => `  - {model: ./${name}, parameters: {weight: ${WEIGHTS[i] ?? 0}}}\n`,
  );
  const baseLine = base === undefined ? "" : `base_model: ./${base}\n`;
  return `merge_method: linear\n${baseLine}models:\n${list.join("")}parameters: {normalize: false}\n${options}`;
}

describe("A merge that matches rows by token", () => {
  const folder = useTemporaryFolder();
  let runs = 0;

  async function run(recipe: string): Promise<string> {
    const [path, out] = [folder(`recipe${++runs}.yml`), folder(`out${runs}`)];
    await writeFile(path, recipe);
    await runMerge(path, out, { cwd: folder() });
    return out;
  }

  const textOf = (out: string, name: string) => readFileSync(`${out}/${name}`, "utf8");
  const configOf = (out: string) => JSON.parse(textOf(out, "config.json")) as Record<string, unknown>;

  /** Every token's row in the output's embedding and head, against the rules and the weights in float64. */
  function checkRows(out: string, models: readonly TokenModel[], asked: Asked): void {
    const ids = idsOf(textOf(out, "tokenizer.json"));
    const weights = readWeights(out);
    for (const name of OVER_VOCABULARY) {
      const tensor = weights.get(name);
      assert.ok(tensor !== undefined && ids.size > 2);
      assert.equal(tensor.shape[0], configOf(out).vocab_size);
      for (const [token, id] of ids) {
        assert.ok(id < (tensor.shape[0] ?? 0), token);
        const before = models.map((model) => rowBefore(token, model, models, name, asked));
        for (let column = 0; column < WIDTH; column++) {
          const wanted = before.reduce((sum, row, i) => sum + (WEIGHTS[i] ?? NaN) * (row[column] ?? NaN), 0);
          const value = tensor.values[id * WIDTH + column] ?? NaN;
          assert.ok(Math.abs(value - wanted) <= 2e-7, `${name}, ${token}: ${value} for ${wanted}`);
        }
      }
    }
  }

  for (const [kind, { models }] of Object.entries(UNIONS)) {
    it(`gives each token of a union of ${kind} tokenizers its own merged row`, async () => {
      const names = models.map(({ reference }) => `${kind.replace(/\W/g, "")}-${reference}`);
      const written: TokenModel[] = [];
      for (const [i, name] of names.entries())
        written.push(
          await writeTokenModel(folder(), name, { files: Object.fromEntries(models[i]?.files ?? []) }),
        );
      const out = await run(recipeOf(written, "tokenizer_source: union\n", names[0]));
      const ids = idsOf(textOf(out, "tokenizer.json"));
      assert.deepEqual(
        [...ids.keys()].sort(),
        [...new Set(written.flatMap((model) => [...model.ids.keys()]))].sort(),
      );
      checkRows(out, written, { base: names[0] ?? "" });
    });
  }

  describe("of three byte-pair vocabularies", () => {
    let models: TokenModel[] = [];

    before(async () => {
      const files = (tokens: readonly string[], added: readonly string[]) => ({
        "tokenizer.json": tokenizerJson(
          bpe(tokens),
          added.map((content, i) => addedToken(tokens.length + i, content)),
        ),
      });
      models = [
        await writeTokenModel(folder(), "base", { files: files(["a", "b", "c", "d"], ["<s>"]), rows: 7 }),
        await writeTokenModel(folder(), "x", { files: files(["b", "p", "a", "q"], ["<s>", "<x>"]) }),
        await writeTokenModel(folder(), "y", { files: files(["q", "c", "r", "a", "p"], ["<y>"]), rows: 8 }),
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
          const out = await run(recipeOf(models, options, base));
          assert.deepEqual(
            [...idsOf(textOf(out, "tokenizer.json"))].sort(([, a], [, b]) => a - b).map(([token]) => token),
            tokens.split(" "),
          );
          assert.equal(configOf(out).vocab_size, rows);
          checkRows(out, models, { ...(base !== undefined && { base }), ...asked });
        });
      }
    }
  });
});

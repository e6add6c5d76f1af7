import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { bpeFiles } from "../merge/token-merges.ts";
import { HEAD, idsOf, rowBefore, WIDTH, writeTokenModel } from "../merge/token-models.ts";
import type { TokenModel } from "../merge/token-models.ts";
import { bpe, tokenizerJson } from "../tokenizer/tiny-tokenizers.ts";
import { LINEAR_AB, withCode } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

const UNION = `${LINEAR_AB}tokenizer_source: union\n`;

export const tokensChecks = (at: Workplace): Checks => {
  type Files = Readonly<Record<string, string>>;
  const models = async (
    a: Files,
    b: Files,
    rows?: number,
  ): Promise<{ folder: string; a: TokenModel; b: TokenModel }> => {
    const folder = await at.modelsIn({});
    const more = rows === undefined ? {} : { rows };
    return {
      folder,
      a: await writeTokenModel(folder, "a", { files: a, ...more }),
      b: await writeTokenModel(folder, "b", { files: b, ...more }),
    };
  };
  const tokenizerOf = (out: string) => readFileSync(`${out}/tokenizer.json`, "utf8");
  const headRow = (values: Float64Array | undefined, row: number) => [
    ...(values?.slice(row * WIDTH, (row + 1) * WIDTH) ?? []),
  ];

  return {
    "ids of new tokens": async () => {
      const { folder } = await models(bpeFiles("x y"), bpeFiles("q p y r"));
      const { report } = await at.run(folder, UNION);
      assert.deepEqual([...idsOf(tokenizerOf(report.out)).keys()], ["x", "y", "q", "p", "r"]);
    },
    "new ordinary tokens": async () => {
      const own = { "tokenizer.json": tokenizerJson(bpe(["x", "y", "xy"], ["x y"])) };
      const { folder } = await models(bpeFiles("x y"), own);
      const { report } = await at.run(folder, UNION);
      const { model, added_tokens: added } = JSON.parse(tokenizerOf(report.out)) as {
        model: { merges: unknown };
        added_tokens: unknown;
      };
      assert.deepEqual(model.merges, ["x y"]);
      assert.deepEqual(added, []);
    },
    "padding rows": async () => {
      const { folder } = await models(bpeFiles("x y"), bpeFiles("x z"), 8);
      const { report, weights } = await at.run(folder, UNION);
      assert.deepEqual(weights.get(HEAD)?.shape, [8, WIDTH]);
      const config = JSON.parse(readFileSync(`${report.out}/config.json`, "utf8")) as { vocab_size: number };
      assert.equal(config.vocab_size, 8);
    },
    "a token by `force` without a source": async () => {
      const { folder, a, b } = await models(bpeFiles("x y"), bpeFiles("y x"));
      const { weights } = await at.run(folder, `${LINEAR_AB}tokenizer: {tokens: {x: {force: true}}}\n`);
      const rows = [a, b].map((model) => rowBefore("x", model, [a, b], HEAD, {}));
      headRow(weights.get(HEAD)?.values, 0).forEach((value, i) => {
        // Each model gets the mean of both.
        assert.ok(Math.abs(value - ((rows[0]?.[i] ?? NaN) + (rows[1]?.[i] ?? NaN)) / 2) < 2e-7);
      });
    },
    "tokens that no model of a slice has": async () => {
      const { folder, a, b } = await models(bpeFiles("x y"), bpeFiles("y z"));
      const slices =
        "slices: [{sources: [{model: a, layer_range: [0, 1]}]}, {sources: [{model: b, layer_range: [1, 2]}]}]\n";
      const { weights } = await at.run(
        folder,
        `merge_method: passthrough\n${slices}tokenizer_source: union\n`,
      );
      assert.deepEqual(headRow(weights.get(HEAD)?.values, 0), rowBefore("x", b, [a, b], HEAD, {}));
    },
    "vocabularies that differ, without `tokenizer`": async () => {
      const { folder } = await models(bpeFiles("x y"), bpeFiles("y x"));
      await assert.rejects(at.run(folder, LINEAR_AB), withCode("PLAN_VOCABULARY"));
    },
  };
};

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { merge, plan } from "../../src/index.ts";
import type { MergeOptions, MergePlan, MergeReport } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { addedToken, bpe, tokenizerJson } from "../tokenizer/tiny-tokenizers.ts";
import { idsOf, OVER_VOCABULARY, rowBefore, WIDTH } from "./token-models.ts";
import type { Asked, TokenModel } from "./token-models.ts";

export const WEIGHTS = [0.2, 0.5, 0.3];

/** Files of a byte-pair tokenizer without merges: tokens by their place, then added ones. */
export function bpeFiles(tokens: string, added = ""): Readonly<Record<string, string>> {
  const [own, more] = [tokens, added].map((text) => text.split(" ").filter((token) => token !== ""));
  const list = (more ?? []).map((content, i) => addedToken((own?.length ?? 0) + i, content));
  return { "tokenizer.json": tokenizerJson(bpe(own ?? []), list) };
}

/** A linear merge of models in their folders, with a base if one is named. */
export function linearOf(
  models: readonly Pick<TokenModel, "name">[],
  options: string,
  base?: string,
): string {
  const list = models.map(
    ({ name }, i) => `  - {model: ./${name}, parameters: {weight: ${WEIGHTS[i] ?? 0}}}\n`,
  );
  const baseLine = base === undefined ? "" : `base_model: ./${base}\n`;
  return `merge_method: linear\n${baseLine}models:\n${list.join("")}parameters: {normalize: false}\n${options}`;
}

export interface Merged {
  readonly out: string;
  readonly report: MergeReport;
  readonly text: (name: string) => string;
  readonly json: (name: string) => Record<string, unknown>;
}

/** For the tests of a suite: a folder for models, and merges in it. */
export function useTokenMerges() {
  const folder = useTemporaryFolder();
  let runs = 0;

  async function run(recipe: string, options: Partial<MergeOptions> = {}): Promise<Merged> {
    const [path, out] = [folder(`recipe${++runs}.yml`), folder(`out${runs}`)];
    await writeFile(path, recipe);
    const report = await merge({ recipe: path, out, cwd: folder(), ...options });
    const text = (name: string) => readFileSync(`${out}/${name}`, "utf8");
    return { out, report, text, json: (name) => JSON.parse(text(name)) as Record<string, unknown> };
  }

  async function planned(recipe: string, options: Partial<MergeOptions> = {}): Promise<MergePlan> {
    return await plan({ recipe: { text: recipe }, cwd: folder(), ...options });
  }

  return { folder, run, planned };
}

/** Every token's row in the output's embedding and head, against the rules and the weights in float64. */
export function checkRows({ out, text, json }: Merged, models: readonly TokenModel[], asked: Asked): void {
  const ids = idsOf(text("tokenizer.json"));
  const weights = readWeights(out);
  for (const name of OVER_VOCABULARY) {
    const tensor = weights.get(name);
    assert.ok(tensor !== undefined && ids.size > 2);
    assert.equal(tensor.shape[0], json("config.json").vocab_size);
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

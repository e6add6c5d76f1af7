import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { MergePlan, MergeReport } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { runCli } from "./captured-io.ts";

const MODELS = "test/golden/models/vocab";
const RECIPE =
  `merge_method: linear\nbase_model: ./${MODELS}/base\n` +
  `models: [{model: ./${MODELS}/base, parameters: {weight: 1}}, {model: ./${MODELS}/ext, parameters: {weight: 1}}]\n` +
  'tokenizer: {tokens: {"<new>": {}}}\nchat_template: chatml\n';

/** The table of tokens as cells, row by row. */
function tokensOf(stdout: string): string[][] {
  const lines = stdout.split("\n");
  const start = lines.findIndex((line) => line.startsWith("Tokens"));
  const end = lines.indexOf("", start);
  return lines.slice(start, end).map((line) => line.trim().split(/ {2,}/));
}

describe("Tokens on the command line", () => {
  const folder = useTemporaryFolder();
  const recipe = () => folder("recipe.yml");

  before(async () => {
    await writeFile(recipe(), RECIPE);
  });

  const TABLE = [
    [`Tokens: 35 in 35 rows, from the tokenizer of ./${MODELS}/base`],
    ["added", "3", '"an", "<|tool|>", "<new>"'],
    ["model", "moved", "dropped", "from elsewhere", "averaged", "zeros"],
    [`./${MODELS}/base`, "0", "0", "2", "0", "1"],
    [`./${MODELS}/ext`, "28", "0", "1", "0", "1"],
    ["The chat template is the recipe's."],
  ];

  it("are counted in plan and merge: added, moved, dropped, taken from elsewhere, averaged and zero", async () => {
    const planned = await runCli(["plan", recipe()]);
    assert.deepEqual(tokensOf(planned.stdout), TABLE);
    const merged = await runCli(["merge", recipe(), folder("out")]);
    assert.deepEqual([merged.status, merged.stderr], [0, ""]);
    assert.deepEqual(tokensOf(merged.stdout), TABLE);
    assert.match(merged.stdout, /tokenizer\.json .* made for the output's tokens/);
    assert.match(merged.stdout, /chat_template\.jinja .* as the recipe asks/);
  });

  it("are in the documents of --json, lists of numbers on one line each", async () => {
    const { stdout } = await runCli(["plan", recipe(), "--json"]);
    assert.match(stdout, /\n +"starts": \[0, 32, 34\],\n/);
    const { tokenizer, alignments = [] } = JSON.parse(stdout) as MergePlan;
    assert.deepEqual(alignments[0]?.maps[0], { starts: [0, 32, 34], origins: [0, 1, -1], rows: [0, 31, 0] });
    assert.deepEqual(tokenizer?.files.written, ["tokenizer.json", "tokenizer_config.json"]);
    const merged = await runCli(["merge", recipe(), folder("json"), "--json"]);
    assert.deepEqual((JSON.parse(merged.stdout) as MergeReport).tokenizer, tokenizer);
  });

  it("are said to be matched where a tensor is explained", async () => {
    const { stdout } = await runCli(["plan", recipe(), "--explain", "lm_head.weight"]);
    assert.match(stdout, /listed; its rows are matched\s+by token/);
  });
});

import assert from "node:assert/strict";
import { METHODS } from "../../src/methods/index.ts";
import { coerceRecipe } from "../../src/recipe/coerce.ts";
import { RecipeProblems } from "../../src/recipe/problems.ts";
import { readTokenizer } from "../../src/recipe/read-tokenizer.ts";
import { validate } from "../../src/recipe/validate.ts";
import { readYaml } from "../../src/recipe/yaml.ts";
import { dedent } from "./faults.ts";

const RECIPE = "merge_method: passthrough\nmodels: [{model: a}]\n";

function read(text: string): ReturnType<typeof readTokenizer> {
  const problems = new RecipeProblems(RECIPE + dedent(text), "r.yml");
  const [root] = readYaml(RECIPE + dedent(text), problems);
  assert.ok(root !== undefined);
  const tree = coerceRecipe(root, METHODS);
  validate({ tree, methods: METHODS, problems, lenient: false });
  const found = readTokenizer(tree, problems);
  assert.deepEqual(problems.list(), []);
  return found;
}

describe("The tokenizer keys of a recipe", () => {
  it("may be a word or a model, in the short form as in the long one", () => {
    const sources = ["union", "base", "org/a@main", "{model: {path: a+b}}"].map((source) => [
      read(`tokenizer_source: ${source}\n`).tokenizer?.source,
      read(`tokenizer: {source: ${source}}\n`).tokenizer?.source,
    ]);
    const expected = [
      "union",
      "base",
      { model: { path: "org/a", revision: "main" } },
      { model: { path: "a+b" } },
    ];
    assert.deepEqual(
      sources,
      expected.map((source) => [source, source]),
    );
  });

  it("mean a union if nothing else is said, and nothing if they are empty or absent", () => {
    assert.deepEqual(read("tokenizer: {}\n").tokenizer, {
      source: "union",
      tokens: new Map(),
      position: { file: "r.yml", line: 3, column: 12 },
    });
    assert.deepEqual(read("tokenizer:\nchat_template: ~\n"), {});
    assert.deepEqual(read("dtype: float32\n"), {});
  });

  it("place single tokens: zeros, another model's row, another token by text or number", () => {
    const { tokenizer } = read(`
      tokenizer:
        source: base
        tokens:
          "<|im_start|>": {source: chat-model, force: yes}
          parameters: {source: {kind: zero}}
          layers: {source: {kind: model_token, model: {model: {path: b}}, token: "<s>"}}
          "<pad>": {source: {kind: model_token, model: b, token_id: "2"}, force: no}
          "new": {}
        pad_to_multiple_of: "64"
    `);
    assert.deepEqual(Object.fromEntries(tokenizer?.tokens ?? []), {
      "<|im_start|>": { source: { kind: "model", model: { path: "chat-model" } }, force: true },
      parameters: { source: { kind: "zero" }, force: false },
      layers: { source: { kind: "model_token", model: { path: "b" }, token: "<s>" }, force: false },
      "<pad>": { source: { kind: "model_token", model: { path: "b" }, token: 2 }, force: false },
      new: { force: false },
    });
    assert.equal(tokenizer?.padToMultipleOf, 64);
  });

  it("keep a template as it is written, with its place", () => {
    const { chatTemplate } = read(`
      chat_template: |
        {% for m in messages %}{{ m.content }}
        {% endfor %}
    `);
    assert.deepEqual(chatTemplate, {
      template: "{% for m in messages %}{{ m.content }}\n{% endfor %}\n",
      position: { file: "r.yml", line: 3, column: 16 },
    });
    assert.equal(read("chat_template: chatml\n").chatTemplate?.template, "chatml");
  });
});

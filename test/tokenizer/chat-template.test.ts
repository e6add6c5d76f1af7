import assert from "node:assert/strict";
import { chatTemplate, ownChatTemplate } from "../../src/tokenizer/chat-template.ts";

const filesOf = (files: Readonly<Record<string, unknown>>) =>
  new Map(
    Object.entries(files).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
const modelOf = (reference: string, files: Readonly<Record<string, unknown>>) => ({
  reference,
  files: filesOf(files),
});
const inConfig = (reference: string, template: unknown) =>
  modelOf(reference, { "tokenizer_config.json": { chat_template: template } });

const A = "{{ messages[0].content }} A";
const B = "{{ messages[0].content }} B";

describe("A model's own chat template", () => {
  it("stands in a file of its own, else in the tokenizer's or the processor's config", () => {
    const config = { "tokenizer_config.json": { chat_template: A } };
    const processor = { "chat_template.json": { chat_template: B } };
    assert.equal(ownChatTemplate(modelOf("m", { ...config, "chat_template.jinja": B })), B);
    assert.equal(ownChatTemplate(modelOf("m", { ...config, ...processor })), A);
    assert.equal(ownChatTemplate(modelOf("m", processor)), B);
    assert.equal(ownChatTemplate(modelOf("m", { "tokenizer_config.json": {} })), undefined);
  });

  it("is the default one of several", () => {
    const list = [
      { name: "tool_use", template: A },
      { name: "default", template: B },
    ];
    assert.equal(ownChatTemplate(inConfig("m", list)), B);
    assert.equal(ownChatTemplate(inConfig("m", { tool_use: A, default: B })), B);
    assert.equal(ownChatTemplate(inConfig("m", list.slice(0, 1))), undefined);
  });
});

describe("The output's chat template", () => {
  it("is with auto the one that most models have, surrounding space aside", () => {
    const models = [inConfig("x", A), inConfig("y", B), modelOf("none", {}), inConfig("z", ` ${B}\n`)];
    const template = chatTemplate("auto", models, new Map());
    assert.equal(template?.text, B);
    assert.deepEqual(template.models, ["y", "z"]);
    assert.deepEqual([...template.files], [["chat_template.jinja", B]]);
  });

  it("is with auto the first in recipe order among equally frequent ones, and nothing where no model has one", () => {
    assert.equal(chatTemplate("auto", [inConfig("x", B), inConfig("y", A)], new Map())?.text, B);
    assert.equal(chatTemplate("auto", [modelOf("x", {}), inConfig("y", "")], new Map()), undefined);
  });

  for (const [name, mark] of Object.entries({
    alpaca: "### Response:",
    chatml: "<|im_start|>assistant",
    exaone: "[|assistant|]",
    llama3: "<|start_header_id|>assistant<|end_header_id|>",
    mistral: "[/INST]",
  })) {
    it(`can be ${name} by name`, () => {
      const text = chatTemplate(name, [], new Map())?.text ?? "";
      assert.ok(text.includes(mark));
      assert.equal(text.match(/\{%-? (?:for|if)/g)?.length, text.match(/\{%-? end(?:for|if)/g)?.length);
    });
  }

  it("can be Jinja itself, even where a file of that name could exist", () => {
    assert.equal(chatTemplate(A, [], new Map())?.text, A);
    const long = `{# ${"x".repeat(400)} #}{{ messages }}`;
    assert.equal(chatTemplate(long, [], new Map())?.text, long);
  });

  it("is an error for what is neither, naming what was meant", () => {
    const code = "PLAN_CHAT_TEMPLATE";
    assert.throws(() => chatTemplate("chatlm", [], new Map()), { code, message: /Did you mean "chatml"/ });
    assert.throws(() => chatTemplate("{{ short }}", [], new Map()), { code, hint: /auto, alpaca, chatml/ });
    assert.throws(() => chatTemplate("./templates/of/mine/chat.jinja", [], new Map()), { code });
    assert.throws(() => chatTemplate("constructor", [], new Map()), { code });
  });

  it("replaces the templates of older files, and adds none to them", () => {
    const output = filesOf({
      "tokenizer_config.json":
        '{"model_max_length": 1000000000000000019884624838656, "chat_template": "old", "b": 1}',
      "chat_template.json": { chat_template: "old" },
      "chat_template.jinja": "old",
    });
    const files = chatTemplate(A, [], output)?.files;
    assert.deepEqual(
      [...(files?.keys() ?? [])],
      ["chat_template.jinja", "tokenizer_config.json", "chat_template.json"],
    );
    const config = files?.get("tokenizer_config.json") ?? "";
    assert.match(config, /"model_max_length": 1000000000000000019884624838656,/);
    assert.equal((JSON.parse(config) as { chat_template: string }).chat_template, A);
    const plain = chatTemplate(A, [], filesOf({ "tokenizer_config.json": { bos_token: "<s>" } }));
    assert.deepEqual([...(plain?.files.keys() ?? [])], ["chat_template.jinja"]);
  });
});

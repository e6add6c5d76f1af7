import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { wholeText } from "../../src/tokenizer/json.ts";
import { readVocabulary } from "../../src/tokenizer/vocabulary.ts";
import type { WrittenTokenizer } from "../../src/tokenizer/write.ts";
import { addedToken, bpe, settingOf, tokenizerJson } from "./tiny-tokenizers.ts";
import { fromJson, tokenized, UNIONS, written } from "./unions.ts";

interface TokenizerJson {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: { readonly vocab: unknown; readonly merges?: unknown };
}

const textOf = (result: WrittenTokenizer, name: string) => wholeText(result.files.get(name) ?? "");
const parse = (result: WrittenTokenizer, name: string) =>
  JSON.parse(wholeText(result.files.get(name) ?? "null")) as unknown;
const jsonOf = (result: WrittenTokenizer) => parse(result, "tokenizer.json") as TokenizerJson;
const addedOf = (result: WrittenTokenizer) =>
  jsonOf(result).added_tokens.map(({ id, content }) => [id, content]);

describe("Writing the output's tokenizer", () => {
  for (const [kind, { models }] of Object.entries(UNIONS)) {
    it(`gives a union of ${kind} tokenizers exactly the ids of its vocabulary`, () => {
      const { output, result } = written(models);
      const again = readVocabulary(
        new Map([...result.files.keys()].map((name) => [name, textOf(result, name)])),
        "again",
      );
      assert.deepEqual(new Map([...again.ids].sort()), new Map([...output.ids].sort()));
      assert.deepEqual([...again.added.keys()].sort(), [...output.added.keys()].sort());
      assert.deepEqual(result.warnings, []);
    });
  }

  it("makes of mergekit's golden tokenizers one whose merges reach the new token", () => {
    const models = ["base", "ext"].map((name) => {
      const path = `test/golden/models/vocab/${name}/tokenizer.json`;
      return tokenized(name, { "tokenizer.json": readFileSync(path, "utf8") });
    });
    const { result } = written(models);
    const { model } = jsonOf(result);
    assert.deepEqual(model.merges, [
      ["t", "h"],
      ["h", "e"],
      ["i", "n"],
      ["a", "n"],
    ]);
    assert.equal((model.vocab as Record<string, number>)["an"], 32);
    assert.deepEqual(addedOf(result), [
      [0, "<unk>"],
      [1, "<s>"],
      [2, "</s>"],
      [33, "<|tool|>"],
    ]);
  });

  it("copies all files where nothing changes", () => {
    const files = {
      "tokenizer.json": tokenizerJson(bpe(["a", "b"])),
      "tokenizer.model": "",
      "chat_template.jinja": "x",
    };
    const models = [tokenized("base", files), fromJson("other", bpe(["b", "a"]))];
    const { result } = written(models);
    assert.deepEqual(result.copied, Object.keys(files));
    assert.equal(result.files.size, 0);
    const own = written([fromJson("base", bpe(["b"])), tokenized("m", files)], settingOf({ model: "m" }));
    assert.deepEqual([own.result.donor, own.result.copied], [1, Object.keys(files)]);
  });

  it("keeps the rest of tokenizer.json and the order and spelling of its values", () => {
    const truncation = { direction: "Right", max_length: 8, strategy: "LongestFirst", stride: 0 };
    const model = bpe(["10", "b", "2", "__proto__x"], [], { dropout: 0.1 });
    const base = fromJson("base", model, [], { truncation });
    const { result } = written([base, fromJson("other", bpe(["b", "__proto__"]))]);
    const text = textOf(result, "tokenizer.json");
    assert.deepEqual(
      Object.keys(jsonOf(result)),
      Object.keys(JSON.parse(base.files.get("tokenizer.json") ?? "") as object),
    );
    assert.match(text, /"dropout": 0\.1/);
    const order = [...text.matchAll(/^ {6}("\w+"): (\d)/gm)].map(([, token = "", id = ""]) => token + id);
    assert.deepEqual(order, ['"10"0', '"b"1', '"2"2', '"__proto__x"3', '"__proto__"4']);
  });
});

describe("New BPE tokens", () => {
  const letters = ["a", "b", "c", "d", "n"];

  it("come with their merges, in the form that the base's file has", () => {
    const other = fromJson("other", bpe([...letters, "an", "and"], ["a n", "an d"]));
    const listed = written([fromJson("base", bpe([...letters, "ab"], ["a b"])), other]);
    assert.deepEqual(jsonOf(listed.result).model.merges, [
      ["a", "b"],
      ["a", "n"],
      ["an", "d"],
    ]);
    const asText = { ...bpe([...letters, "ab"]), merges: ["a b"] };
    const { result } = written([fromJson("base", asText), other]);
    assert.deepEqual(jsonOf(result).model.merges, ["a b", "a n", "an d"]);
  });

  it("take the newer form of merges where a token has a space", () => {
    const base = fromJson("base", { ...bpe(["a", "b", " ", "ab"]), merges: ["a b"] });
    const other = fromJson("other", { ...bpe(["a", " ", " a"]), merges: [[" ", "a"]] });
    assert.deepEqual(jsonOf(written([base, other]).result).model.merges, [
      ["a", "b"],
      [" ", "a"],
    ]);
  });

  it("get one more merge where the base's merges cut them in two", () => {
    const base = fromJson("base", bpe([...letters, "nd"], ["n d"]));
    const other = fromJson("other", bpe([...letters, "an", "and"], ["a n", "an d"]));
    const { result } = written([base, other]);
    assert.deepEqual(jsonOf(result).model.merges, [
      ["n", "d"],
      ["a", "n"],
      ["an", "d"],
      ["a", "nd"],
    ]);
    assert.equal(result.unreachable.count, 0);
  });

  it("are reported where the base's merges cut them into more pieces", () => {
    const base = fromJson("base", bpe([...letters, "bc", "dn"], ["b c", "d n"]));
    const other = fromJson(
      "other",
      bpe([...letters, "ab", "cd", "abcd", "abcdn"], ["a b", "c d", "ab cd", "abcd n"]),
    );
    const { output, result } = written([base, other]);
    assert.ok(output.ids.has("abcdn"));
    // a + bc + dn needs a token "abc" or "bcdn"; a + bc + d needs "abc" or "bcd".
    assert.deepEqual(result.unreachable, { count: 2, examples: ["abcd", "abcdn"] });
    assert.match(result.warnings[0]?.message ?? "", /New tokens have rows.*\(2\): "abcd", "abcdn"$/);
  });

  it("can be the pieces of tokens that came before them", () => {
    const base = fromJson("base", bpe([...letters, "bc"], ["b c"]));
    // abcd is cut into a + bc + d until bcd, which comes last, is there.
    const other = fromJson(
      "other",
      bpe([...letters, "ab", "cd", "abcd", "bcd"], ["a b", "c d", "ab cd", "b cd"]),
    );
    const { result } = written([base, other]);
    assert.deepEqual(jsonOf(result).model.merges, [
      ...[
        ["b", "c"],
        ["a", "b"],
        ["c", "d"],
        ["ab", "cd"],
        ["b", "cd"],
        ["bc", "d"],
      ],
      ["a", "bcd"],
    ]);
    assert.equal(result.unreachable.count, 0);
  });

  it("are reported where the other tokenizer spells text in another way or has no merges", () => {
    const base = fromJson("base", bpe(letters));
    const bytes = fromJson("bytes", bpe([...letters, "ab"], ["a b"]), [], { decoder: { type: "ByteLevel" } });
    const words = fromJson("words", { type: "WordLevel", unk_token: "a", vocab: { a: 0, cab: 1 } });
    const { result } = written([base, bytes, words]);
    assert.deepEqual(result.unreachable, { count: 2, examples: ["ab", "cab"] });
    assert.deepEqual(jsonOf(result).model.merges, []);
  });

  it("need no merges if they are single characters, bytes, or added tokens elsewhere", () => {
    const base = fromJson("base", bpe(["a"], [], { byte_fallback: true }));
    const other = fromJson("other", bpe(["a", "😀", "<0x0A>", "word"]));
    const third = fromJson("third", bpe(["a"]), [addedToken(1, "word")]);
    const { result } = written([base, other, third]);
    assert.equal(result.unreachable.count, 0);
    assert.deepEqual(addedOf(result), [[3, "word"]]);
  });
});

describe("Added tokens of the output", () => {
  it("go into the model, too, where loading would number them anew", () => {
    const base = fromJson("base", bpe(["a", "b"]), [addedToken(2, "<s>")]);
    const one = written([base, fromJson("other", bpe(["a"]), [addedToken(1, "<t>")])]).result;
    assert.deepEqual(jsonOf(one).model.vocab, { a: 0, b: 1 });
    assert.deepEqual(addedOf(one), [
      [2, "<s>"],
      [3, "<t>"],
    ]);
    const two = written([base, fromJson("other", bpe(["c"]), [addedToken(1, "<t>")])]).result;
    assert.deepEqual(jsonOf(two).model.vocab, { a: 0, b: 1, "<s>": 2, c: 3, "<t>": 4 });
    assert.deepEqual(addedOf(two), [
      [2, "<s>"],
      [4, "<t>"],
    ]);
  });

  it("carry their flags into tokenizer_config.json; the first definition wins with a warning", () => {
    const config = {
      added_tokens_decoder: { "1": { content: "<s>", special: true } },
      model_max_length: 1e30,
      b: [],
    };
    const base = tokenized("base", {
      "tokenizer.json": tokenizerJson(bpe(["a"]), [addedToken(1, "<s>", { rstrip: true })]),
      "tokenizer_config.json": JSON.stringify(config),
      "added_tokens.json": '{"<s>": 1}',
    });
    const other = fromJson("other", bpe(["a"]), [
      addedToken(1, "<s>"),
      addedToken(2, "<t>", { lstrip: true }),
    ]);
    const { result } = written([base, other]);
    const flags = { single_word: false, lstrip: false, rstrip: true, normalized: false, special: true };
    assert.deepEqual(parse(result, "tokenizer_config.json"), {
      ...config,
      added_tokens_decoder: {
        "1": { content: "<s>", ...flags },
        "2": { content: "<t>", ...flags, lstrip: true, rstrip: false },
      },
    });
    assert.match(
      textOf(result, "tokenizer_config.json"),
      /"model_max_length": 1000000000000000019884624838656,/,
    );
    assert.deepEqual(parse(result, "added_tokens.json"), { "<s>": 1, "<t>": 2 });
    assert.match(result.warnings[0]?.message ?? "", /Added tokens are defined in several ways.*\(1\): "<s>"/);
  });

  it("include tokens that the recipe names", () => {
    const { result } = written(
      [fromJson("base", bpe(["a"]))],
      settingOf("base", { "<new>": { force: false } }),
    );
    assert.deepEqual(jsonOf(result).added_tokens, [
      addedToken(1, "<new>", { special: false, normalized: true }),
    ]);
  });
});

describe("Tokens of the base without a row", () => {
  const files = {
    "tokenizer.json": tokenizerJson(bpe(["a", "b", "c", "ab", "abc"], ["a b", "ab c"]), [
      addedToken(5, "<pad>"),
    ]),
    "tokenizer_config.json": JSON.stringify({
      pad_token: "<pad>",
      eos_token: "a",
      extra_special_tokens: { x: "<pad>" },
    }),
    "special_tokens_map.json": JSON.stringify({
      pad_token: { content: "<pad>" },
      additional_special_tokens: ["<pad>", "b"],
    }),
  };

  it("are left out with their merges and roles", () => {
    const { result } = written([tokenized("base", files, 4)], settingOf("base"));
    const { model, added_tokens: added } = jsonOf(result);
    assert.deepEqual(model, { ...model, vocab: { a: 0, b: 1, c: 2, ab: 3 }, merges: [["a", "b"]] });
    // Roles make tokens added ones, as in transformers.
    assert.deepEqual(
      added.map(({ content }) => content),
      ["a", "b"],
    );
    assert.deepEqual(parse(result, "tokenizer_config.json"), { eos_token: "a", extra_special_tokens: {} });
    assert.deepEqual(parse(result, "special_tokens_map.json"), { additional_special_tokens: ["b"] });
    assert.match(result.warnings[0]?.message ?? "", /Tokens of base are left out.*\(2\): "abc", "<pad>"/);
  });

  it("cannot be what the tokenizer puts around every text", () => {
    const steps = [
      {
        type: "TemplateProcessing",
        special_tokens: { "<pad>": { id: "<pad>", ids: [5], tokens: ["<pad>"] } },
      },
      { type: "RobertaProcessing", sep: ["<pad>", 5], cls: ["a", 0] },
    ];
    for (const step of steps) {
      const json = { ...(JSON.parse(files["tokenizer.json"]) as object), post_processor: step };
      const base = tokenized("base", { "tokenizer.json": JSON.stringify(json) }, 4);
      assert.throws(() => written([base], settingOf("base")), {
        code: "PLAN_TOKENIZER",
        message: /adds the token 5/,
      });
    }
  });
});

describe("Tokenizers of several files", () => {
  it("are GPT-2's vocab.json and merges.txt, with other models' merges", () => {
    const base = tokenized("base", {
      "vocab.json": '{"a": 0, "b": 1, "<end>": 2}',
      "merges.txt": "#version: 0.2\n",
      "tokenizer_config.json": '{"eos_token": "<end>"}',
    });
    const other = tokenized("other", { "vocab.json": '{"a":0,"b":1,"ab":2}', "merges.txt": "a b\n" });
    const { result } = written([base, other], settingOf("union", { "<new>": { force: false } }));
    assert.deepEqual(parse(result, "vocab.json"), { a: 0, b: 1, "<end>": 2, ab: 3 });
    assert.equal(result.files.get("merges.txt"), "#version: 0.2\na b\n");
    assert.deepEqual(parse(result, "added_tokens.json"), { "<new>": 4 });
    assert.deepEqual(result.copied, []);
  });

  it("are BERT's vocab.txt, whose lines are the ids", () => {
    const base = tokenized("base", { "vocab.txt": "[UNK]\na\n", "added_tokens.json": '{"<s>": 2}' });
    const { result } = written([base, tokenized("other", { "vocab.txt": "b\na\n##c" })]);
    assert.equal(result.files.get("vocab.txt"), "[UNK]\na\n<s>\nb\n##c\n");
    assert.deepEqual(parse(result, "added_tokens.json"), { "<s>": 2 });
  });

  it("cannot leave out an id where the place is the id", () => {
    const base = tokenized("base", { "vocab.txt": "[UNK]\na\n", "added_tokens.json": '{"<s>": 4}' });
    assert.throws(() => written([base, tokenized("other", { "vocab.txt": "b\n" })]), {
      code: "PLAN_TOKENIZER",
      message: /cannot leave out the id 2/,
    });
  });

  it("lose the formats that nothing here writes, once their tokens are not all", () => {
    const files = {
      "tokenizer.json": tokenizerJson(bpe(["a"])),
      "tokenizer.model": "",
      "chat_template.jinja": "x",
    };
    const base = tokenized("base", files);
    const { result } = written([base, fromJson("other", bpe(["b"]))]);
    assert.deepEqual([result.omitted, result.copied], [["tokenizer.model"], ["chat_template.jinja"]]);
    assert.match(
      result.warnings.at(-1)?.message ?? "",
      /Tokenizer files are left out.*\(1\): "tokenizer.model"/,
    );
    const added = written([base, fromJson("other", bpe(["a"]), [addedToken(1, "<t>")])]).result;
    assert.deepEqual([added.omitted, added.copied], [[], ["tokenizer.model", "chat_template.jinja"]]);
  });
});

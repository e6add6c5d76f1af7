import assert from "node:assert/strict";
import { readVocabulary } from "../../src/tokenizer/vocabulary.ts";
import { addedToken, bpe, tokenizerJson } from "./tiny-tokenizers.ts";

const read = (files: Readonly<Record<string, string>>) =>
  readVocabulary(new Map(Object.entries(files)), "org/model");
const readJson = (text: string, more: Readonly<Record<string, string>> = {}) =>
  read({ "tokenizer.json": text, ...more });

describe("Reading a vocabulary", () => {
  it("finds the tokens and added tokens of a BPE tokenizer, with their flags", () => {
    const tool = addedToken(3, "<|tool|>", { lstrip: true, special: false, normalized: true });
    const { kind, ids, added, length } = readJson(
      tokenizerJson(bpe(["<s>", "a", "b"]), [addedToken(0, "<s>"), tool]),
    );
    assert.equal(kind, "BPE");
    assert.deepEqual(
      [...ids],
      [
        ["<s>", 0],
        ["a", 1],
        ["b", 2],
        ["<|tool|>", 3],
      ],
    );
    assert.equal(length, 4);
    assert.deepEqual([...added.keys()], ["<s>", "<|tool|>"]);
    assert.deepEqual(added.get("<|tool|>"), {
      content: "<|tool|>",
      id: 3,
      flags: { single_word: false, lstrip: true, rstrip: false, normalized: true, special: false },
      outside: true,
    });
    assert.equal(added.get("<s>")?.outside, false);
  });

  it("takes tokens that JavaScript objects treat apart as any other", () => {
    const text = tokenizerJson({ type: "WordLevel", vocab: {} }).replace(
      '"vocab":{}',
      '"vocab":{"b":0,"7":1,"__proto__":2,"constructor":3,"10":4,"\\u0120x":5}',
    );
    const { kind, ids } = readJson(text);
    assert.equal(kind, "WordLevel");
    assert.deepEqual(
      [...ids],
      [
        ["b", 0],
        ["7", 1],
        ["__proto__", 2],
        ["constructor", 3],
        ["10", 4],
        ["Ġx", 5],
      ],
    );
  });

  it("numbers Unigram's tokens by their place", () => {
    const model = {
      type: "Unigram",
      unk_id: 0,
      vocab: [
        ["<unk>", 0],
        ["▁a", -1.5],
        ["b", -2],
      ],
      byte_fallback: false,
    };
    const { kind, ids } = readJson(tokenizerJson(model));
    assert.equal(kind, "Unigram");
    assert.deepEqual(Object.fromEntries(ids), { "<unk>": 0, "▁a": 1, b: 2 });
  });

  it("tells models without a type apart by their parts", () => {
    const kindOf = (model: Record<string, unknown>) => readJson(tokenizerJson(model)).kind;
    assert.equal(kindOf({ vocab: { a: 0 }, merges: [] }), "BPE");
    assert.equal(kindOf({ vocab: [["a", 0]], unk_id: 0 }), "Unigram");
    assert.equal(kindOf({ vocab: { a: 0 }, continuing_subword_prefix: "##" }), "WordPiece");
    assert.equal(kindOf({ vocab: { a: 0 }, unk_token: "a" }), "WordLevel");
  });

  it("knows how a model spells text", () => {
    const spellingOf = (model: Record<string, unknown>, more = {}) =>
      readJson(tokenizerJson(model, [], more)).spelling;
    const plain = { byteLevel: false, byteFallback: false, prefix: "", suffix: "" };
    assert.deepEqual(spellingOf(bpe(["a"])), plain);
    const step = { type: "Sequence", pretokenizers: [{ type: "Digits" }, { type: "ByteLevel" }] };
    assert.deepEqual(spellingOf(bpe(["a"]), { pre_tokenizer: step }), { ...plain, byteLevel: true });
    const marks = { end_of_word_suffix: "</w>", continuing_subword_prefix: "@@", byte_fallback: true };
    assert.deepEqual(spellingOf(bpe(["a"], [], marks)), {
      ...plain,
      byteFallback: true,
      prefix: "@@",
      suffix: "</w>",
    });
  });

  it("adds what transformers would add on loading, each once, and never an id that is taken", () => {
    const config = {
      added_tokens_decoder: { "3": addedToken(3, "<c>"), "2": addedToken(2, "<b>", { special: false }) },
      pad_token: { content: "<pad>", lstrip: true },
      bos_token: "<a>",
      unk_token: null,
      additional_special_tokens: ["<d>", "<b>"],
      extra_special_tokens: { image: "<image>" },
    };
    const { ids, added } = readJson(tokenizerJson(bpe(["x", "<a>"])), {
      "tokenizer_config.json": JSON.stringify(config),
      "added_tokens.json": JSON.stringify({ "<f>": 5, "<e>": 3 }),
      "special_tokens_map.json": JSON.stringify({ sep_token: "<sep>" }),
    });
    assert.deepEqual(Object.fromEntries(ids), {
      x: 0,
      "<a>": 1,
      "<b>": 2,
      "<c>": 3,
      "<e>": 4,
      "<f>": 5,
      "<sep>": 6,
      "<pad>": 7,
      "<d>": 8,
      "<image>": 9,
    });
    assert.equal(added.get("<b>")?.flags.special, false);
    assert.deepEqual(added.get("<pad>")?.flags, {
      single_word: false,
      lstrip: true,
      rstrip: false,
      normalized: false,
      special: true,
    });
    assert.equal(added.get("<a>")?.id, 1);
    assert.equal(added.get("<a>")?.outside, false);
  });

  it("keeps the model's id for an added token that its list numbers otherwise", () => {
    const { ids, added } = readJson(tokenizerJson(bpe(["a", "<s>"]), [addedToken(9, "<s>")]));
    assert.equal(ids.get("<s>"), 1);
    assert.equal(added.get("<s>")?.id, 1);
  });

  it("reads vocab.json with merges.txt, and vocab.txt, where there is no tokenizer.json", () => {
    const gpt = read({ "vocab.json": '{"a":0,"Ġa":1}', "merges.txt": "#version: 0.2\nĠ a\n" });
    assert.deepEqual([gpt.kind, gpt.file, gpt.length], ["BPE", "vocab.json", 2]);
    assert.deepEqual([gpt.spelling.byteLevel, gpt.spelling.suffix], [true, ""]);
    const clip = read({ "vocab.json": '{"a":0,"</w>":1,"a</w>":2}', "merges.txt": "" });
    assert.equal(clip.spelling.suffix, "</w>");
    const bert = read({ "vocab.txt": "[PAD]\r\nthe\r\n##s\r\n" });
    assert.deepEqual([bert.kind, bert.spelling.prefix], ["WordPiece", "##"]);
    assert.deepEqual(
      [...bert.ids],
      [
        ["[PAD]", 0],
        ["the", 1],
        ["##s", 2],
      ],
    );
  });

  it("says how to convert a tokenizer that it cannot read, and that one is missing", () => {
    assert.throws(() => read({ "tokenizer.model": "" }), {
      code: "SOURCE_NO_TOKENIZER",
      message: /only as tokenizer\.model/,
      hint: /save_pretrained.*tokenizer\.json/,
    });
    assert.throws(() => read({ "vocab.json": "{}" }), {
      code: "SOURCE_NO_TOKENIZER",
      message: /has no tokenizer/,
    });
  });

  const broken: Readonly<Record<string, [string, RegExp]>> = {
    "is no JSON": ['{"model":', /tokenizer\.json of org\/model is not valid JSON at character 9/],
    "nests without end": [`{"a":${"[".repeat(300)}`, /nested deeper/],
    "has no model": ["{}", /no model with a vocabulary/],
    "has an unknown model": [tokenizerJson({ type: "Magic", vocab: { a: 0 } }), /unknown type "Magic"/],
    "has a negative id": [tokenizerJson({ type: "WordLevel", vocab: { a: -1 } }), /gives "a" the id -1/],
    "has an id that is no number": [
      tokenizerJson({ type: "WordLevel", vocab: { a: "x" } }),
      /gives "a" the id/,
    ],
    "has an id beyond any vocabulary": [
      tokenizerJson({ type: "WordLevel", vocab: { a: 2 ** 31 } }),
      /2147483648/,
    ],
    "has BPE tokens as a list": [
      tokenizerJson({ type: "BPE", vocab: [["a", 0]], merges: [] }),
      /as BPE models have/,
    ],
    "has a Unigram token without a score": [tokenizerJson({ type: "Unigram", vocab: [["a"]] }), /entry 0/],
    "has an added token without text": [tokenizerJson(bpe(["a"]), [{ id: 1 }]), /without content/],
    "has an added token without an id": [tokenizerJson(bpe(["a"]), [{ content: "b" }]), /gives "b" the id/],
  };
  for (const [what, [text, message]] of Object.entries(broken)) {
    it(`refuses a tokenizer.json that ${what}`, () => {
      assert.throws(() => readJson(text), { code: "FORMAT_TOKENIZER", message });
    });
  }
});

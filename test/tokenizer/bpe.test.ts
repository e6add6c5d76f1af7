import assert from "node:assert/strict";
import { leavesOf, MergeList } from "../../src/tokenizer/bpe.ts";
import { PairList, Symbols } from "../../src/tokenizer/symbols.ts";

function listOf(merges: readonly string[], prefix = "") {
  const symbols = new Symbols(new Map(), 0);
  const list = new MergeList(symbols, prefix);
  const numbers = (texts: readonly string[]) => texts.map((text) => symbols.numberOf(text));
  for (const merge of merges) {
    const [left = -1, right = -1] = numbers(merge.split(" "));
    list.add(left, right);
  }
  const segment = (texts: readonly string[]) =>
    list.segment(numbers(texts))?.map((piece) => symbols.textOf(piece));
  return { list, symbols, segment };
}

describe("BPE merges", () => {
  it("apply by rank before place, and from the left among equals", () => {
    const list = listOf(["b c", "a b", "a a"]);
    assert.deepEqual(list.segment("abc".split("")), ["a", "bc"]);
    assert.deepEqual(list.segment("aaa".split("")), ["aa", "a"]);
    assert.deepEqual(list.segment("xbcb".split("")), ["x", "bc", "b"]);
  });

  it("drop the mark of continuation inside a word", () => {
    const list = listOf(["h ##e", "he ##y"], "##");
    assert.deepEqual(list.segment(["h", "##e", "##y"]), ["hey"]);
  });

  it("stand once each, at their first rank", () => {
    const { list, segment } = listOf(["a b", "b c", "a b"]);
    assert.deepEqual(
      [...list.texts()],
      [
        ["a", "b"],
        ["b", "c"],
      ],
    );
    assert.deepEqual(segment(["a", "b", "c"]), ["ab", "c"]);
  });

  it("keep pairs apart that spell the same text", () => {
    const { segment } = listOf(["ab c"]);
    assert.deepEqual(segment(["ab", "c"]), ["abc"]);
    assert.deepEqual(segment(["a", "bc"]), ["a", "bc"]);
  });

  it("give up on what is too long to be a token", () => {
    const list = listOf(["a a"]);
    assert.equal(list.segment(Array.from({ length: 5000 }, () => "a")), undefined);
  });

  it("lead back to the symbols of a token, and do not run in circles", () => {
    const symbols = new Symbols(new Map(), 0);
    const pairs = new PairList();
    const sources: number[] = [];
    for (const [product, left, right] of [
      ["abc", "ab", "c"],
      ["ab", "a", "b"],
      ["x", "x", ""],
      ["y", "x", "y"],
    ] as const) {
      sources[symbols.numberOf(product)] = pairs.length;
      pairs.add(symbols.numberOf(left), symbols.numberOf(right));
    }
    const leaves = (token: string) =>
      leavesOf(symbols.numberOf(token), pairs, sources, symbols).map((leaf) => symbols.textOf(leaf));
    assert.deepEqual(leaves("abc"), ["a", "b", "c"]);
    assert.deepEqual(leaves("x"), ["x"]);
    assert.deepEqual(leaves("y"), ["y"]);
  });

  it("are found among hundreds of thousands", () => {
    const pairs = new PairList();
    const pairAt = (i: number) => [(i * 7919) % 262_144, (i * 104_729 + 13) % 262_144] as const;
    const count = 200_000;
    for (let i = 0; i < count; i++) pairs.add(...pairAt(i));
    assert.equal(pairs.length, count);
    for (let i = 0; i < count; i++) {
      const [left, right] = pairAt(i);
      assert.equal(pairs.find(left, right), i);
    }
    assert.equal(pairs.find(1, 1), -1);
  });
});

import assert from "node:assert/strict";
import { leavesOf, MergeList } from "../../src/tokenizer/bpe.ts";
import type { Pair } from "../../src/tokenizer/bpe.ts";

function listOf(merges: readonly string[], prefix = ""): MergeList {
  const list = new MergeList(prefix);
  for (const merge of merges) list.add(merge.split(" ") as unknown as Pair);
  return list;
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
    const list = listOf(["a b", "b c", "a b"]);
    assert.equal(list.pairs.length, 2);
    assert.deepEqual(list.segment(["a", "b", "c"]), ["ab", "c"]);
  });

  it("keep pairs apart that spell the same text", () => {
    const list = listOf(["ab c"]);
    assert.ok(list.has(["ab", "c"]));
    assert.ok(!list.has(["a", "bc"]));
  });

  it("give up on what is too long to be a token", () => {
    const list = listOf(["a a"]);
    assert.equal(list.segment(Array.from({ length: 5000 }, () => "a")), undefined);
  });

  it("lead back to the symbols of a token, and do not run in circles", () => {
    const merges = new Map<string, Pair>([
      ["abc", ["ab", "c"]],
      ["ab", ["a", "b"]],
      ["x", ["x", ""]],
      ["y", ["x", "y"]],
    ]);
    assert.deepEqual(leavesOf("abc", merges), ["a", "b", "c"]);
    assert.deepEqual(leavesOf("x", merges), ["x"]);
    assert.deepEqual(leavesOf("y", merges), ["y"]);
  });
});

import assert from "node:assert/strict";
import { parseShardIndex } from "../../src/safetensors/shard-index.ts";

const parse = (weightMap: string) =>
  parseShardIndex(`{"metadata":{"total_size":1.5},"weight_map":${weightMap}}`, "index");

describe("shard index", () => {
  it("gives the shard of each tensor and the tensors of each shard, shards in order", () => {
    const { weightMap, shards } = parse(
      '{"b":"m-2.safetensors","a":"m-1.safetensors","__proto__":"sub/m-1.safetensors"}',
    );
    assert.deepEqual(
      [...shards],
      [
        ["m-1.safetensors", ["a"]],
        ["m-2.safetensors", ["b"]],
        ["sub/m-1.safetensors", ["__proto__"]],
      ],
    );
    assert.equal(weightMap.get("b"), "m-2.safetensors");
    assert.equal(weightMap.get("__proto__"), "sub/m-1.safetensors");
    assert.equal(weightMap.size, 3);
  });

  for (const path of [
    "../m",
    "a/../../m",
    "/etc/m",
    "C:/m",
    "C:m",
    "a\\\\m",
    "m\\u0000",
    "",
    "a//m",
    "./m",
    "..",
  ]) {
    it(`refuses the shard name "${path}"`, () => {
      assert.throws(() => parse(`{"t":"${path}"}`), { code: "FORMAT_INDEX_PATH" });
    });
  }

  for (const text of [
    "",
    "[]",
    "{}",
    '{"weight_map":[]}',
    '{"weight_map":{"a":1}}',
    '{"weight_map":{"a":"m","a":"m"}}',
    '{"weight_map":{}} x',
    '{"weight_map":{},"weight_map":{}}',
    '{"weight_map":{"a":"m",}}',
  ]) {
    it(`refuses ${text === "" ? "an empty index" : text}`, () => {
      assert.throws(() => parseShardIndex(text, "index"), { code: "FORMAT_INDEX_JSON" });
    });
  }
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { headerLength, parseHeader } from "../../src/safetensors/header.ts";
import { encodeHeader, layOut, shardIndex } from "../../src/safetensors/layout.ts";
import type { LayoutTensor } from "../../src/safetensors/layout.ts";
import { bytesPerElement } from "../../src/tensor/dtype.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";

const DTYPES: Dtype[] = ["U8", "BOOL", "F16", "BF16", "F32", "I64", "F64"];

function tensor(name: string, dtype: Dtype, ...shape: number[]): LayoutTensor {
  return {
    name,
    dtype,
    shape,
    byteLength: shape.reduce((product, size) => product * size, bytesPerElement(dtype)),
  };
}

const anyTensors = fc.uniqueArray(
  fc
    .tuple(fc.string({ minLength: 1 }), fc.constantFrom(...DTYPES), fc.array(fc.nat(6), { maxLength: 3 }))
    .map(([name, dtype, shape]) => tensor(name, dtype, ...shape)),
  { selector: ({ name }) => name, maxLength: 30 },
);

describe("safetensors layout", () => {
  it("writes the bytes that the reference implementation's own test expects, apart from the metadata", () => {
    const bytes = encodeHeader([tensor("attn0", "F32", 1, 1, 2, 3)], "x");
    const json =
      '{"__metadata__":{"format":"pt"},"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}';
    assert.equal(new TextDecoder().decode(bytes.subarray(8)).trimEnd(), json);
    assert.equal(bytes.length % 8, 0);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0, true), BigInt(bytes.length - 8));
  });

  it("starts a shard before the tensor that would pass the limit, not after a full one", () => {
    const tensors = [
      tensor("a", "U8", 6),
      tensor("b", "U8", 4),
      tensor("c", "U8", 1),
      tensor("d", "U8", 20),
      tensor("e", "U8", 3),
    ];
    const shards = layOut(tensors, 10);
    assert.deepEqual(
      shards.map(({ name, tensors: inside }) => [name, inside.map((one) => one.name).join("")]),
      [
        ["model-00001-of-00004.safetensors", "ab"],
        ["model-00002-of-00004.safetensors", "c"],
        ["model-00003-of-00004.safetensors", "d"],
        ["model-00004-of-00004.safetensors", "e"],
      ],
    );
    for (const limit of [0, -1, 34]) {
      assert.deepEqual(
        layOut(tensors, limit).map(({ name }) => name),
        ["model.safetensors"],
      );
    }
  });

  it("orders a shard by element size, then by name", () => {
    const tensors = [
      tensor("z", "U8", 3),
      tensor("b", "BF16", 3),
      tensor("q", "F32", 1),
      tensor("a", "F16", 1),
      tensor("s", "F64"),
    ];
    const [shard] = layOut(tensors, 0);
    assert.deepEqual(
      shard?.tensors.map(({ name }) => name),
      ["s", "q", "a", "b", "z"],
    );
  });

  it("covers every shard without holes, with every tensor aligned, for any tensors and limit", () => {
    fc.assert(
      fc.property(anyTensors, fc.integer({ min: -1, max: 500 }), (tensors, limit) => {
        const shards = layOut(tensors, limit);
        const found: LayoutTensor[] = [];
        for (const { name, header, tensors: placed, byteLength } of shards) {
          assert.equal(headerLength(header, byteLength, name), header.length - 8);
          const parsed = parseHeader(header.subarray(8), byteLength, name);
          assert.deepEqual(parsed.metadata, { format: "pt" });
          assert.equal(parsed.dataOffset, header.length);
          const ranges = new Map(parsed.tensors.map((one) => [one.name, one]));
          for (const { offset, ...one } of placed) {
            const range = ranges.get(one.name);
            assert.deepEqual([range?.dtype, range?.shape], [one.dtype, one.shape]);
            assert.equal(offset, header.length + (range?.begin ?? -1));
            assert.equal(offset % bytesPerElement(one.dtype), 0);
            found.push(one);
          }
          assert.ok(
            limit <= 0 || placed.length === 1 || byteLength - header.length <= limit || tensors.length === 0,
          );
        }
        const byName = (a: LayoutTensor, b: LayoutTensor) => (a.name < b.name ? -1 : 1);
        assert.deepEqual(found.sort(byName), [...tensors].sort(byName));
      }),
    );
  });

  it("lists each tensor's shard in the index, by name, with the bytes of all data", () => {
    const index = shardIndex([
      { name: "b", byteLength: 4, shard: "model-00001-of-00002.safetensors" },
      { name: "__proto__", byteLength: 6, shard: "model-00002-of-00002.safetensors" },
    ]);
    assert.equal(
      JSON.stringify(index),
      '{"metadata":{"total_size":10},"weight_map":{"__proto__":"model-00002-of-00002.safetensors","b":"model-00001-of-00002.safetensors"}}',
    );
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../src/errors.ts";
import { headerLength, parseHeader } from "../../src/safetensors/header.ts";
import { DTYPE_BITS } from "../../src/tensor/dtype.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";

const FILE = "model.safetensors";

function parse(json: string, dataByteLength: number) {
  const bytes = new TextEncoder().encode(json);
  return parseHeader(bytes, 8 + bytes.length + dataByteLength, FILE);
}

describe("safetensors header", () => {
  it("gives dtype, shape, byte range and metadata, in the order of the bytes", () => {
    const json =
      '{"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"__metadata__":{"format":"pt","note":"\\u00e9\\n"},' +
      '"a":{"shape":[],"data_offsets":[0,4],"dtype":"F32"}}   ';
    assert.deepEqual(parse(json, 12 + 4), {
      metadata: { format: "pt", note: "é\n" },
      tensors: [
        { name: "a", dtype: "F32", shape: [], begin: 0, end: 4 },
        { name: "b", dtype: "BF16", shape: [2, 3], begin: 4, end: 16 },
      ],
      dataOffset: 8 + json.length,
    });
  });

  it("takes a header without tensors, empty tensors and packed dtypes below a byte", () => {
    assert.deepEqual(parse("{}", 0).tensors, []);
    assert.deepEqual(parse('{"__metadata__":null}', 0).metadata, {});
    const json =
      '{"f4":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]},"f6":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[3,6]},' +
      '"none":{"dtype":"F64","shape":[5,0],"data_offsets":[3,3]}}';
    assert.deepEqual(
      parse(json, 6).tensors.map(({ name, begin, end }) => [name, begin, end]),
      [
        ["f4", 0, 3],
        ["none", 3, 3],
        ["f6", 3, 6],
      ],
    );
  });

  it("skips what else an entry says, as the reference implementation does", () => {
    const json =
      '{"a":{"dtype":"U8","more":[{"x":[1.5e3,null,true,"]}"]}],"shape":[1],"data_offsets":[0,1]}}';
    assert.equal(parse(json, 1).tensors.length, 1);
  });

  it("keeps __proto__ and constructor as plain names of tensors and metadata", () => {
    const entry = (begin: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${begin},${begin + 1}]}`;
    const json = `{"__metadata__":{"__proto__":"x"},"__proto__":${entry(0)},"constructor":${entry(1)}}`;
    const header = parse(json, 2);
    assert.deepEqual(
      header.tensors.map(({ name }) => name),
      ["__proto__", "constructor"],
    );
    assert.deepEqual(Object.entries(header.metadata), [["__proto__", "x"]]);
    assert.equal(Object.getPrototypeOf(header.metadata), Object.prototype);
  });

  it("reads the header's length from the first eight bytes", () => {
    assert.equal(headerLength(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0), 1000, FILE), 258);
    assert.equal(headerLength(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0), 10, FILE), 2);
  });

  it("accepts any cover of the data by tensors and refuses it with a byte more or less", () => {
    const tensor = fc.record({
      name: fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
      dtype: fc.constantFrom(
        ...(Object.keys(DTYPE_BITS) as Dtype[]).filter((dtype) => DTYPE_BITS[dtype] >= 8),
      ),
      shape: fc.array(fc.nat(5), { maxLength: 4 }),
    });
    const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(tensors, (list) => {
        let end = 0;
        const placed = list.map(({ name, dtype, shape }) => {
          const begin = end;
          end += shape.reduce((product, size) => product * size, DTYPE_BITS[dtype] / 8);
          return { name, dtype, shape, begin, end };
        });
        const entries = placed.map(({ name, begin, end, ...rest }) => [
          name,
          { ...rest, data_offsets: [begin, end] },
        ]);
        const json = JSON.stringify(Object.fromEntries(entries.reverse()));
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
        const header = parse(json, end);
        assert.deepEqual([...header.tensors].sort(byName), placed.sort(byName));
        assert.throws(() => parse(json, end + 1), { code: "FORMAT_OFFSETS" });
        if (end > 0) assert.throws(() => parse(json, end - 1), { code: "FORMAT_TRUNCATED" });
      }),
    );
  });

  it("either reads a changed header or refuses it with an error of the format's own", () => {
    const good = '{"__metadata__":{"format":"pt"},"a.b":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}';
    const edit = fc.record({
      at: fc.nat(good.length - 1),
      put: fc.string({ unit: "grapheme", maxLength: 3 }),
      cut: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = good;
        for (const { at, put, cut } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        try {
          parse(text, 4);
          assert.doesNotThrow(() => void JSON.parse(text));
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

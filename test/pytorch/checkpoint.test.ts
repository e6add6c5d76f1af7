import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readCheckpoint } from "../../src/pytorch/checkpoint.ts";
import { isMergeError } from "../../src/errors.ts";
import { expected, FIXTURES, hexOf, readable, readBytes } from "./read.ts";

const fixture = (name: string) => readFileSync(`${FIXTURES}/${name}`);
const byName = <T extends { readonly name: string }>(tensors: readonly T[]) =>
  new Map(tensors.map((tensor) => [tensor.name, tensor]));

describe("readCheckpoint", () => {
  assert.ok(Object.keys(expected).length >= 8);
  for (const [file, { keyPath, tensors }] of Object.entries(expected)) {
    it(`finds in ${file} the names, dtypes, shapes and bytes that torch reads`, async () => {
      const bytes = fixture(file);
      const checkpoint = await readBytes(bytes);
      assert.deepEqual(checkpoint.keyPath, keyPath);
      const found = checkpoint.tensors.map((tensor) => {
        const { name, dtype, shape } = tensor;
        return [name, { dtype, shape, hex: hexOf(bytes, tensor) }] as const;
      });
      assert.deepEqual(new Map(found), new Map(Object.entries(tensors)));
      const offsets = checkpoint.tensors.map(({ offset }) => offset);
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => a - b),
      );
    });
  }

  it("gives strides only to tensors that a byte range does not hold", async () => {
    const { tensors } = await readBytes(fixture("views.pt"));
    const strided = tensors.filter(({ strides }) => strides !== undefined).map(({ name }) => name);
    assert.deepEqual(
      new Set(strided),
      new Set(["transposed", "columns", "every_other", "permuted", "corner", "expanded"]),
    );
    assert.deepEqual(byName(tensors).get("transposed")?.strides, [1, 6]);
  });

  it("gives tied weights the same bytes, and views their place in them", async () => {
    const tensors = byName((await readBytes(fixture("views.pt"))).tensors);
    const offset = tensors.get("whole")?.offset ?? NaN;
    assert.equal(tensors.get("tied")?.offset, offset);
    assert.equal(tensors.get("transposed")?.offset, offset);
    assert.equal(tensors.get("rows")?.offset, offset + 6 * 4);
    assert.equal(tensors.get("columns")?.offset, offset + 4);
  });

  it("tells which other tensors of a training checkpoint are left out", async () => {
    const { leftOut } = await readBytes(fixture("training.ckpt"));
    assert.deepEqual(leftOut, [{ keyPath: ["ema"], tensorCount: 9 }]);
  });

  it("reads no weights", async () => {
    const bytes = fixture("plain.bin");
    const file = readable(bytes);
    const { tensors } = await readCheckpoint(file, "plain.bin");
    const end = file.byteLength - 22;
    for (const tensor of tensors) {
      for (const [start, length] of file.reads.filter(([at, length]) => at > 512 && at + length < end))
        assert.ok(start + length <= tensor.offset || start >= tensor.offset + tensor.byteLength, tensor.name);
    }
  });

  const refused: [file: string, code: string, words: RegExp][] = [
    ["legacy.pt", "FORMAT_CHECKPOINT", /before torch 1\.6/],
    ["script.pt", "FORMAT_CHECKPOINT", /TorchScript/],
    ["module.pt", "FORMAT_PICKLE_GLOBAL", /"torch\.nn\.modules\.linear\.Linear"/],
    ["sparse.pt", "FORMAT_PICKLE_GLOBAL", /"torch\._utils\._rebuild_sparse_tensor"/],
    ["conjugate.pt", "FORMAT_PICKLE", /tensor "w" is a lazy view \(conj\)/],
    ["complex128.pt", "FORMAT_DTYPE", /tensor "w" has the dtype complex128/],
  ];
  for (const [file, code, words] of refused) {
    it(`refuses ${file} with ${code}`, async () => {
      await assert.rejects(readBytes(fixture(file), file), (error) => {
        assert.ok(isMergeError(error) && error.code === code, String(error));
        assert.match(error.message, words);
        assert.ok(error.message.startsWith(`${file}: `));
        return true;
      });
    });
  }
});

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMergeError } from "../../src/errors.ts";
import { modelFromFolder } from "../../src/evaluate/model.ts";
import { makeNormal } from "../fixtures/random.ts";
import { decodeSmallFloat, encodeSmallFloat } from "../fixtures/small-floats.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import { expected, FIXTURES } from "../pytorch/read.ts";

describe("A model in a folder", () => {
  const inFolder = useTemporaryFolder();

  it("gives its weights in F32 from every float dtype and every shard", async () => {
    const normal = makeNormal(1);
    // Subnormal halves, the largest ones, and zeros of both signs among them.
    const values = [0, -0, 6e-8, -3e-5, 65504, 1 / 3, ...Array.from({ length: 50 }, normal)];
    const tensors = Object.fromEntries(
      (["F16", "BF16", "F32", "F64"] as const).map((dtype) => [dtype, { dtype, shape: [2, 28], values }]),
    );
    await writeWeights(inFolder("dtypes"), tensors, 2);
    const { tensors: lookup } = await modelFromFolder(inFolder("dtypes"));
    assert.deepEqual([...lookup.names()].sort(), ["BF16", "F16", "F32", "F64"]);
    for (const dtype of ["F16", "BF16", "F32"] as const) {
      assert.deepEqual(lookup.shape(dtype), [2, 28]);
      const stored = values.map((value) => decodeSmallFloat(encodeSmallFloat(value, dtype), dtype));
      assert.deepEqual([...(await lookup.read(dtype))], stored, dtype);
    }
    assert.deepEqual([...(await lookup.read("F64"))], [...Float32Array.from(values)]);
  });

  it("gives views of a PyTorch file as torch reads them", async () => {
    const { tensors: lookup } = await modelFromFolder(join(FIXTURES, "views.pt"));
    const floats = Object.entries(expected["views.pt"]?.tensors ?? {}).filter(
      ([, { dtype }]) => dtype === "F32",
    );
    assert.ok(floats.length > 8);
    for (const [name, { shape, hex }] of floats) {
      assert.deepEqual(lookup.shape(name), shape, name);
      const { buffer } = await lookup.read(name);
      assert.equal(Buffer.from(new Uint8Array(buffer)).toString("hex"), hex, name);
    }
  });

  it("has the image processor's settings from either of the files that transformers writes", async () => {
    const tensors = { w: { dtype: "F32" as const, shape: [1], values: [1] } };
    await writeWeights(inFolder("newer"), tensors);
    assert.deepEqual((await modelFromFolder(inFolder("newer"))).preprocessor, undefined);
    const processor = { processor_class: "CLIPProcessor", image_processor: { do_resize: false } };
    await writeFile(inFolder("newer", "processor_config.json"), JSON.stringify(processor));
    assert.deepEqual((await modelFromFolder(inFolder("newer"))).preprocessor, { do_resize: false });
    await writeFile(inFolder("newer", "preprocessor_config.json"), '{"do_resize": true}');
    assert.deepEqual((await modelFromFolder(inFolder("newer"))).preprocessor, { do_resize: true });
  });

  it("names a tensor that it lacks, or whose values are no floats", async () => {
    await writeWeights(inFolder("bytes"), { table: { dtype: "U8", shape: [1], values: [1] } });
    const { tensors } = await modelFromFolder(inFolder("bytes"));
    assert.throws(
      () => tensors.shape("other"),
      (error) => isMergeError(error, "EVALUATE_MODEL"),
    );
    await assert.rejects(tensors.read("table"), /table has the dtype U8/);
  });
});

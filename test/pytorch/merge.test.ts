import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/errors.ts";
import { inspectModel } from "../../src/sources/inspect.ts";
import { merge, plan } from "../../src/merge.ts";
import { openModel } from "../../src/sources/open.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";
import { expected, FIXTURES } from "./read.ts";
import { checkpoint, dict, oneTensor, pickle, tensor } from "./write-pickle.ts";

const open = async (path: string) => await openModel({ path }, { searchFrom: ["."] });
const CONFIG = "{}";

/** Row `r`, column `c` of a matrix with this many columns, exact in F32. */
const valueAt = (r: number, c: number) => r * 4 + c / 512;

/** The same matrix as it lies in memory, and transposed. */
function matrixBytes(rows: number, columns: number, transposed: boolean): Uint8Array {
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) values[transposed ? c * rows + r : r * columns + c] = valueAt(r, c);
  return new Uint8Array(values.buffer);
}

describe("PyTorch checkpoints as models", () => {
  const inFolder = useTemporaryFolder();

  for (const file of ["views.pt", "dtypes.pt", "training.ckpt", "plain.bin", "sharded"]) {
    it(`copies ${file} into safetensors with the bytes that torch reads`, async () => {
      const recipe = `merge_method: passthrough\nmodels: [{model: ${FIXTURES}/${file}}]\n`;
      const out = inFolder(`out-${file}`);
      await merge({ recipe: { text: recipe }, out });
      const shards = Object.entries(expected).filter(
        ([name]) => name === file || name.startsWith(`${file}/`),
      );
      const tensors = shards.flatMap(([, { tensors }]) => Object.entries(tensors));
      assert.ok(tensors.length > 0);
      const { tensors: written, files } = await open(out);
      const bytes = readFileSync(files[0]?.path ?? "");
      assert.equal(written.size, tensors.length);
      for (const [name, { dtype, shape, hex }] of tensors) {
        const got = written.get(name) ?? assert.fail(name);
        assert.deepEqual([got.dtype, got.shape], [dtype, shape], name);
        assert.equal(bytes.toString("hex", got.offset, got.offset + got.byteLength), hex, name);
      }
    });
  }

  it("merges a transposed matrix with a plain one, whatever the tiles and workers", async () => {
    const [rows, columns] = [211, 307];
    const length = rows * columns;
    const shape = [rows, columns];
    const write = async (name: string, strides: number[], bytes: Uint8Array) =>
      await writeFile(inFolder(name), oneTensor({ length, shape, strides }, bytes));
    await write("rows.pt", [columns, 1], matrixBytes(rows, columns, false));
    await write("columns.pt", [1, rows], matrixBytes(rows, columns, true));
    const recipe = `merge_method: linear\nmodels:\n${["rows", "columns"].map((name) => `  - {model: ${name}.pt, parameters: {weight: 1}}\n`).join("")}`;
    for (const [workers, tileBytes] of [
      [1, 2 ** 22],
      [2, 16_384],
    ]) {
      await merge({
        recipe: { text: recipe },
        cwd: inFolder(),
        out: "both",
        force: true,
        workers,
        tileBytes,
      });
      const values = readWeights(inFolder("both")).get("w")?.values ?? assert.fail();
      assert.deepEqual([...values], [...new Float32Array(matrixBytes(rows, columns, false).buffer)]);
    }
  });

  it("prefers safetensors, then pytorch_model.bin, then its index, then the only other file", async () => {
    const w = { length: 1, shape: [1], strides: [1] };
    const named = (name: string) => checkpoint(pickle(dict({ [name]: tensor(w) })), { 0: new Uint8Array(4) });
    const files: [string, string | Uint8Array, string][] = [
      ["only.pt", named("only"), "only"],
      ["x.bin", named("x"), ""],
      ["pytorch_model.bin.index.json", '{"weight_map":{"x":"x.bin"}}', "x"],
      ["pytorch_model.bin", named("single"), "single"],
      ["any.safetensors", encodeSafetensors({ s: { dtype: "U8", shape: [1], values: [1] } }), "s"],
    ];
    await mkdir(inFolder("prefers"));
    for (const side of ["training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state_0.pth"])
      await writeFile(inFolder("prefers", side), "not a checkpoint");
    for (const [name, content, tensorName] of files) {
      await writeFile(inFolder("prefers", name), content);
      if (tensorName === "") continue;
      assert.deepEqual([...(await open(inFolder("prefers"))).tensors.keys()], [tensorName]);
    }
  });

  it("names the files where several could be the model", async () => {
    await mkdir(inFolder("several"));
    for (const name of ["a.pt", "b.pth"]) await cp(`${FIXTURES}/plain.bin`, inFolder("several", name));
    await assert.rejects(open(inFolder("several")), (error) => {
      assert.ok(isMergeError(error, "SOURCE_NO_WEIGHTS"), String(error));
      assert.match(error.message, /a\.pt, b\.pth/);
      return true;
    });
    assert.equal((await open(inFolder("several", "b.pth"))).tensors.size, 9);
  });

  it("holds shards and their index against each other", async () => {
    await cp(`${FIXTURES}/sharded`, inFolder("torn"), { recursive: true });
    await cp(`${FIXTURES}/plain.bin`, inFolder("torn", "pytorch_model-00002-of-00002.bin"));
    await assert.rejects(open(inFolder("torn")), (error) => isMergeError(error, "FORMAT_INDEX_MISMATCH"));
  });

  it("shows in an inspection where the tensors stand and what is left out", async () => {
    await mkdir(inFolder("training"));
    await writeFile(inFolder("training", "config.json"), CONFIG);
    await cp(`${FIXTURES}/training.ckpt`, inFolder("training", "last.ckpt"));
    const { files, tensors, problems } = await inspectModel(inFolder("training"));
    assert.deepEqual([files[0]?.name, files[0]?.keyPath, tensors.length], ["last.ckpt", "state_dict", 9]);
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [["FORMAT_STATE_DICT", "warning"]],
    );
    assert.match(
      problems[0]?.message ?? "",
      /under "state_dict" are the model's; 9 others \(under "ema"\) are left out/,
    );
  });

  it("warns in the plan of what is left out", async () => {
    const recipe = `merge_method: passthrough\nmodels: [{model: ${FIXTURES}/training.ckpt}]\n`;
    const { warnings } = await plan({ recipe: { text: recipe } });
    assert.ok(warnings.some(({ code }) => code === "FORMAT_STATE_DICT"));
  });
});

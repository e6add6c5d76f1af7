import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { readBytes } from "./read.ts";
import { checkpoint, dict, int, NONE, pickle, tensor, text, tuple } from "./write-pickle.ts";

const w = tensor({ length: 1, shape: [1], strides: [1] });
const read = async (content: Buffer) =>
  await readBytes(checkpoint(pickle(content), { 0: new Uint8Array(4) }));
const weights = (count: number, prefix = "w") =>
  dict(Object.fromEntries(Array.from({ length: count }, (_, k) => [`${prefix}${k}`, w])));

const ambiguous = (error: unknown) => isMergeError(error, "FORMAT_STATE_DICT");

describe("the state dict of a checkpoint", () => {
  it("is found at the top, or under one or several keys", async () => {
    const cases: [Buffer, string[]][] = [
      [weights(2), []],
      [dict({ epoch: int(3), model: weights(2) }), ["model"]],
      [dict({ module: dict({ state_dict: weights(2), name: text("x") }) }), ["module", "state_dict"]],
      [dict({ step: w, weights: weights(3) }), ["weights"]],
    ];
    for (const [content, keyPath] of cases) {
      const found = await read(content);
      assert.deepEqual(found.keyPath, keyPath);
      assert.ok(found.tensors.every(({ name }) => /^w\d$/.test(name)));
    }
  });

  it("leaves out what is no tensor, and tensors under numbers, as optimizers keep them", async () => {
    const { tensors, leftOut } = await read(
      dict({ w, version: int(1), nothing: NONE, pair: tuple(w, w), notes: dict({ by: text("me") }) }),
    );
    assert.deepEqual(
      tensors.map(({ name }) => name),
      ["w"],
    );
    assert.deepEqual(leftOut, []);
  });

  it("is preferred to averages and the memory of optimizers, however many tensors those have", async () => {
    for (const other of ["ema", "model_ema", "optimizer", "optimizer_state", "averaged_model", "swa"]) {
      const { keyPath, leftOut } = await read(dict({ [other]: weights(5), net: weights(2) }));
      assert.deepEqual(keyPath, ["net"], other);
      assert.deepEqual(leftOut, [{ keyPath: [other], tensorCount: 5 }]);
    }
    assert.deepEqual((await read(dict({ ema: weights(2) }))).keyPath, ["ema"]);
    await assert.rejects(read(dict({ semantic: weights(2), net: weights(2) })), ambiguous);
  });

  it("is not chosen between parts that may belong together", async () => {
    for (const content of [
      dict({ encoder: weights(4), decoder: weights(2) }),
      dict({ layer1: weights(2), layer2: weights(2) }),
      dict({ teacher: weights(3), student: weights(3) }),
    ]) {
      await assert.rejects(read(content), (error) => {
        assert.ok(isMergeError(error, "FORMAT_STATE_DICT"), String(error));
        assert.match(error.message, /in several places: "\w+" \(\d\), "\w+" \(\d\)/);
        return true;
      });
    }
    const { leftOut } = await read(dict({ model: weights(5), probe: weights(2) }));
    assert.deepEqual(leftOut, [{ keyPath: ["probe"], tensorCount: 2 }]);
  });

  it("is missed where there is none", async () => {
    for (const content of [w, NONE, text("weights"), dict({}), tuple(w), dict({ list: tuple(w) })])
      await assert.rejects(read(content), ambiguous);
  });
});

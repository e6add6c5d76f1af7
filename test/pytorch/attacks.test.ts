import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { isMergeError } from "../../src/errors.ts";
import type { MergeError } from "../../src/errors.ts";
import { readCheckpoint } from "../../src/pytorch/checkpoint.ts";
import { good, inDict, of, repeated, step } from "./attacks/attack.ts";
import { BOMBS } from "./attacks/bombs.ts";
import { GLOBALS } from "./attacks/names.ts";
import { PICKLES } from "./attacks/pickles.ts";
import { TENSORS } from "./attacks/tensors.ts";
import { entries, ZIPS } from "./attacks/zips.ts";
import { FIXTURES, readable, readBytes } from "./read.ts";
import * as p from "./write-pickle.ts";
import { writeZip } from "./write-zip.ts";

/** The largest attack has 33 MB itself; half a million dictionaries, which the limits allow, take 80 MB until collected. */
const MAX_GROWTH_BYTES = 256 * 2 ** 20;

async function refusal(file: Uint8Array): Promise<MergeError> {
  const before = process.resourceUsage().maxRSS;
  try {
    await readBytes(file);
  } catch (error) {
    assert.ok(isMergeError(error), error instanceof Error ? error.stack : String(error));
    const growth = (process.resourceUsage().maxRSS - before) * 1024;
    assert.ok(growth < MAX_GROWTH_BYTES, `memory grew by ${growth} bytes`);
    return error;
  }
  return assert.fail("the attack was not noticed");
}

describe("attacks in a PyTorch checkpoint", () => {
  it("start from a file that is read", async () => {
    // Torch before 2.1 wrote no byte order.
    const older = entries.filter(({ name }) => name !== "model/byteorder");
    for (const file of [of(good), writeZip(entries, { zip64: true }), writeZip(older)]) {
      const { tensors } = await readBytes(file);
      assert.deepEqual(
        tensors.map(({ name, shape }) => ({ name, shape })),
        [{ name: "w", shape: [2, 3] }],
      );
    }
  });

  for (const { title, file, code, words } of [...GLOBALS, ...PICKLES, ...BOMBS, ...TENSORS, ...ZIPS]) {
    it(`${code}: ${title}`, async () => {
      const error = await refusal(file);
      assert.equal(error.code, code, error.message);
      assert.equal(error.exitStatus, 5);
      assert.equal(error.where, "test.pt");
      assert.ok(error.message.startsWith("test.pt: "), error.message);
      assert.ok(error.message.length < 600, error.message);
      assert.doesNotMatch(error.message, /[\u0000-\u001f\u007f]/);
      if (words !== undefined) assert.match(error.message, words);
    });
  }

  it("do nothing by shared structures that would take forever to follow, or that hold themselves", async () => {
    // Each level holds the one before twice: 2^40 leaves.
    const level = Buffer.concat([
      step(0x71, 1),
      p.EMPTY_DICT,
      p.MARK,
      p.text("a"),
      step(0x68, 1),
      p.text("b"),
      step(0x68, 1),
      p.SETITEMS,
    ]);
    const self = Buffer.concat([p.EMPTY_DICT, step(0x71, 2), p.text("self"), step(0x68, 2), step(0x73)]);
    const { tensors } = await readBytes(of(inDict(Buffer.concat([p.EMPTY_DICT, repeated(level, 40)]))));
    assert.equal(tensors.length, 1);
    assert.equal((await readBytes(of(inDict(self)))).tensors.length, 1);
  });

  it("cannot change a tensor after it was made", async () => {
    // The size is kept, and then added to.
    const size = Buffer.concat([step(0x5d, 0x71, 7), p.int(6), step(0x61)]);
    const id = p.tuple(
      p.text("storage"),
      p.global("torch", "FloatStorage"),
      p.text("0"),
      p.text("cpu"),
      p.int(6),
    );
    const made = p.call(
      p.global("torch._utils", "_rebuild_tensor"),
      id,
      step(0x51),
      p.int(0),
      size,
      p.tuple(p.int(1)),
    );
    const later = Buffer.concat([step(0x68, 7), p.int(1000), step(0x61)]);
    const { tensors } = await readBytes(of(p.pickle(p.dict({ w: made, x: later }))));
    assert.deepEqual(tensors[0]?.shape, [6]);
  });

  it("by any change of bytes in a real file lead to an error of our own, or to tensors inside the file", async function () {
    this.timeout(60_000);
    for (const name of ["plain.bin", "training.ckpt", "training-protocol-5.pt", "views.pt"]) {
      const original = readFileSync(`${FIXTURES}/${name}`);
      const places = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(places, async (changes) => {
          const file = Buffer.from(original);
          for (const [at, value] of changes) file[at] = value;
          try {
            const { tensors } = await readCheckpoint(readable(file), name);
            for (const { offset, byteLength, strides } of tensors)
              assert.ok(offset >= 0 && (strides !== undefined || offset + byteLength <= file.length));
          } catch (error) {
            assert.ok(isMergeError(error), error instanceof Error ? error.stack : String(error));
          }
        }),
        { numRuns: 400 },
      );
    }
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, truncate, writeFile } from "node:fs/promises";
import { HashPool } from "../../src/engine/hash-pool.ts";
import type { FileToHash, HashOptions } from "../../src/engine/hash-pool.ts";
import { isMergeError } from "../../src/errors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

/** Above what is hashed without threads. */
const LARGE_BYTES = 2 ** 26;

/** SHA-256 of "abc" (FIPS 180-4, appendix B.1) and of nothing. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const zeros = (byteLength: number) => createHash("sha256").update(Buffer.alloc(byteLength)).digest("hex");

describe("digests of files", () => {
  const inFolder = useTemporaryFolder();
  const pool = (files: readonly FileToHash[], options?: HashOptions) => new HashPool(files, options);

  async function file(name: string, content: string, byteLength = content.length): Promise<FileToHash> {
    await writeFile(inFolder(name), content);
    await truncate(inFolder(name), byteLength);
    return { path: inFolder(name), byteLength };
  }

  it("are SHA-256, of small files", async () => {
    const files = [await file("abc", "abc"), await file("empty", "")];
    assert.deepEqual(await pool(files).finish(), [ABC, NOTHING]);
  });

  for (const threads of [1, 2, 3]) {
    it(`are the same on ${threads} threads, whatever is final when they start, and progress ends at all bytes`, async () => {
      const files = [
        await file("abc", "abc"),
        await file("large", "", LARGE_BYTES),
        await file("empty", ""),
        await file("odd", "", 2 ** 24 + 7),
      ];
      const done: number[] = [];
      const hashes = pool(files, { threads, onProgress: (doneBytes) => done.push(doneBytes) });
      for (const end of [1, 2 ** 23 + 5, 2 ** 25, LARGE_BYTES]) hashes.advance(1, end);
      hashes.advance(1, LARGE_BYTES);
      assert.deepEqual(await hashes.finish(), [ABC, zeros(LARGE_BYTES), NOTHING, zeros(2 ** 24 + 7)]);
      assert.equal(done.at(-1), 3 + LARGE_BYTES + 2 ** 24 + 7);
      assert.deepEqual(
        done,
        done.toSorted((a, b) => a - b),
      );
    });
  }

  it("follow a file that is still being written", async () => {
    const half = LARGE_BYTES / 2;
    const { path } = await file("growing", "", half);
    const hashes = pool([{ path, byteLength: LARGE_BYTES + 3 }]);
    hashes.advance(0, half);
    await truncate(path, LARGE_BYTES);
    await appendFile(path, "end");
    const expected = createHash("sha256").update(Buffer.alloc(LARGE_BYTES)).update("end").digest("hex");
    assert.deepEqual(await hashes.finish(), [expected]);
  });

  for (const byteLength of [10, LARGE_BYTES]) {
    it(`are refused for a file that ends early or is not there, of ${byteLength} bytes`, async () => {
      const { path } = await file("short", "abc");
      await assert.rejects(pool([{ path, byteLength }]).finish(), { code: "SOURCE_CHANGED", where: path });
      const gone = { path: inFolder("gone"), byteLength };
      await assert.rejects(pool([gone]).finish(), { code: "SOURCE_UNREADABLE", where: gone.path });
    });
  }

  it("stop when they are told to", async () => {
    const files = [await file("large", "", LARGE_BYTES)];
    const controller = new AbortController();
    const hashes = pool(files, { signal: controller.signal });
    const finished = hashes.finish();
    controller.abort();
    await assert.rejects(finished, (error) => isMergeError(error, "INTERRUPTED"));
  });
});

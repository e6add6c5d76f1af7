import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { ThreadHash } from "../../src/hub/hash-thread.ts";
import { makeRandom } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

describe("Hashing in a thread what still arrives", () => {
  const inFolder = useTemporaryFolder();
  const random = makeRandom(7);
  const bytes = Buffer.from(Array.from({ length: 3_000_001 }, () => Math.floor(random() * 256)));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = { name: "f", byteLength: bytes.length, hash: sha256, algorithm: "sha256" } as const;
  const open = async () => {
    await writeFile(inFolder("f"), bytes);
    return new ThreadHash(inFolder("f"), file);
  };

  it("says when it has come so far, and what the whole file's hash is", async () => {
    const hash = await open();
    try {
      await hash.reached(0);
      let isThere = false;
      const far = hash.reached(2_000_000).then(() => (isThere = true));
      hash.advance(1_000_000);
      await hash.reached(1_000_000);
      assert.equal(isThere, false);
      hash.advance(2_500_000);
      await far;
      assert.equal(await hash.digest(bytes.length), sha256);
    } finally {
      await hash.close();
    }
  });

  it("lets nobody wait for a thread that is gone", async () => {
    const hash = await open();
    const far = hash.reached(3_000_000);
    await hash.close();
    await far;
    await hash.reached(3_000_001);
  });
});

import assert from "node:assert/strict";
import { parseLock, renderLock } from "../../src/lock/lock-file.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";

const SHA256 = "0123456789abcdef".repeat(4);

const LOCK: LockFile = {
  version: 1,
  stockpot: "0.1.0",
  recipe: { file: "mergekit_config.yml", source: "recipe.yml", sha256: SHA256 },
  plan: { sha256: SHA256, options: { maxShardBytes: 5e9, seed: 3 } },
  modules: [{ path: "./my-method.js", sha256: SHA256 }],
  inputs: [
    {
      reference: "org/base",
      role: "base",
      repo: "org/base",
      revision: "4".repeat(40),
      files: [{ name: "model.safetensors", byteLength: 12, sha256: SHA256 }],
    },
  ],
  files: [{ name: "1_Pooling/config.json", byteLength: 2, role: "copied", sha256: SHA256 }],
};

const changed = (change: object) => JSON.stringify({ ...LOCK, ...change });
const withName = (name: string) => changed({ files: [{ ...LOCK.files[0], name }] });

describe("a lock file", () => {
  it("comes back as it was written", () => {
    assert.deepEqual(parseLock(renderLock(LOCK)), LOCK);
  });

  for (const [title, text, fault] of [
    ["no JSON", "{", "it is not JSON"],
    ["no object", "[]", "the document is not an object"],
    ["a later version", changed({ version: 2 }), "version is not 1"],
    ["a missing list", changed({ files: undefined }), "files is missing"],
    ["a digest that is none", changed({ recipe: { ...LOCK.recipe, sha256: "abc" } }), "recipe.sha256"],
    ["a negative length", changed({ files: [{ ...LOCK.files[0], byteLength: -1 }] }), "files[0].byteLength"],
    ["a name that leads out of its folder", withName("../x"), 'the name "../x" leaves the folder'],
    ["an absolute name", withName("/etc/passwd"), "the name"],
    ["a drive", withName("C:x"), "the name"],
    ["a recipe elsewhere", changed({ recipe: { ...LOCK.recipe, file: "../r.yml" } }), 'the name "../r.yml"'],
  ] as const) {
    it(`is refused with a sentence: ${title}`, () => {
      const found = parseLock(text);
      assert.ok(typeof found === "string" && found.startsWith(fault), JSON.stringify(found));
    });
  }
});

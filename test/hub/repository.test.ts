import assert from "node:assert/strict";
import { isRepositoryName, parseRepository, whyUnsafe } from "../../src/hub/repository.ts";

describe("The names of the Hub", () => {
  it("are org/name, by the Hub's own rules", () => {
    for (const name of ["meta-llama/Llama-3.1-8B", "a/b", "org_1/x.y-z", "0x/y"])
      assert.ok(isRepositoryName(name), name);
    const wrong = [
      "gpt2",
      "./a/b",
      "../a",
      "a/b/c",
      "a//b",
      "/a/b",
      "a/",
      "a/b--c",
      "a/b..c",
      "a/-b",
      "-a/b",
      "a/b.",
      "a/b.git",
    ];
    for (const name of [...wrong, "~/a", "a b/c", "a\\b/c", "C:/a", `a/${"b".repeat(95)}`])
      assert.ok(!isRepositoryName(name), name);
  });

  it("may have a revision, which must not lead out of the cache", () => {
    assert.deepEqual(parseRepository("a/b"), { repository: "a/b", revision: "main" });
    assert.deepEqual(parseRepository("a/b@refs/pr/1"), { repository: "a/b", revision: "refs/pr/1" });
    for (const wrong of ["a/b@", "a/b@..", "a/b@x/../../y", "a/b@/etc", "a/b@c@d", "a", "a/b@x\u0000"])
      assert.throws(() => parseRepository(wrong), /does not name a model of the Hub/, wrong);
  });

  it("of files are refused where they could leave the folder, or are no file on some system", () => {
    for (const name of [
      "model.safetensors",
      "1_Pooling/config.json",
      ".gitattributes",
      "console.json",
      "a b.txt",
      "ü.txt",
    ])
      assert.equal(whyUnsafe(name), undefined, name);
    const wrong = [
      "",
      ".",
      "..",
      "../x",
      "a/../../x",
      "/etc/passwd",
      "a//b",
      "a/./b",
      "C:x",
      "C:/x",
      "\\\\host\\x",
      "a\\..\\b",
    ];
    const reserved = [
      "nul",
      "NUL.txt",
      "a/con",
      "Com1.json",
      "lpt9",
      "CONIN$",
      "x.",
      "x /y",
      "a\u0000b",
      "a\nb",
    ];
    for (const name of [...wrong, ...reserved, "x".repeat(256)])
      assert.notEqual(whyUnsafe(name), undefined, name);
  });
});

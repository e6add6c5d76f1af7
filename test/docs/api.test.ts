import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";

interface Block {
  readonly language: string;
  readonly text: string;
  /** The heading above. */
  readonly section: string;
}

/** Fenced blocks of a page, in order. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  for (const [, heading, language = "", text = ""] of page.matchAll(/^#+ (.*)$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (heading === undefined) blocks.push({ language, text, section });
    else section = heading;
  }
  return blocks;
}

describe("docs/api.md", () => {
  const inFolder = useTemporaryFolder();
  const blocks = blocksOf(readFileSync("docs/api.md", "utf8"));

  before(async () => {
    await writeTinyFamily(inFolder());
    await mkdir(inFolder("node_modules"));
    await symlink(resolve("."), inFolder("node_modules", "stockpot"), "junction");
    await writeFile(inFolder("recipe.yml"), blocks.find(({ language }) => language === "yaml")?.text ?? "");
  });

  it("has an example in every section that names a function", () => {
    assert.deepEqual(
      [...new Set(blocks.filter(({ language }) => language === "js").map(({ section }) => section))],
      [
        "Merge",
        "Evaluate",
        "Plan",
        "Stop, and watch",
        "Errors",
        "Recipes",
        "Models",
        "The same merge again",
        "The cache",
        "Your own merge method",
      ],
    );
  });

  for (const [i, { language, text, section }] of blocks.entries()) {
    if (language !== "js") continue;
    it(`prints what it says: ${section}, block ${String(i)}`, async () => {
      const path = inFolder(`block-${String(i)}.mjs`);
      await writeFile(path, text);
      const result = spawnSync(process.execPath, [path], { cwd: inFolder(), encoding: "utf8" });
      assert.equal(result.stderr, "");
      const expected = blocks[i + 1];
      assert.equal(expected?.language, "text");
      assert.equal(result.stdout, expected.text);
    });
  }
});

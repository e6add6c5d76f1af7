import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { CODES, EXIT_STATUS } from "../../src/errors.ts";
import { fillBlock, table } from "../../src/gen/markdown.ts";
import { METHODS } from "../../src/methods/index.ts";

describe("The generated files", () => {
  it("are up to date (run npm run gen)", () => {
    const run = spawnSync(process.execPath, ["dist/src/gen/main.js", "--check"], { encoding: "utf8" });
    assert.equal(run.stdout + run.stderr, "");
    assert.equal(run.status, 0);
  });

  it("name every error code with its exit status", () => {
    const page = readFileSync("docs/errors.md", "utf8");
    for (const [code, { stage, text }] of Object.entries(CODES)) {
      const section = page.split("## ").find((each) => each.includes(`\`${code}\` |`));
      assert.match(section?.split("\n")[0] ?? "", new RegExp(`exit status ${EXIT_STATUS[stage]}$`), code);
      assert.ok(section?.includes(text), code);
    }
  });

  it("have a page and a row in the README for every method", () => {
    const readme = readFileSync("README.md", "utf8");
    for (const { name, formula, parameters } of METHODS) {
      const page = readFileSync(`docs/methods/${name}.md`, "utf8");
      assert.ok(page.includes(formula), name);
      for (const parameter of Object.keys(parameters as object))
        assert.ok(page.includes(`| \`${parameter}\` |`));
      assert.ok(readme.includes(`(docs/methods/${name}.md)`), name);
    }
  });
});

describe("Generated Markdown", () => {
  it("escapes bars in tables", () => {
    assert.equal(table(["a", "b"], [["x|y", "1\n2"]]), "| a | b |\n| --- | --- |\n| x\\|y | 1 2 |");
  });

  it("fills a marked block and leaves the rest alone", () => {
    const page = "top\n<!-- generated: t -->\nold\n<!-- /generated -->\nend\n";
    assert.equal(fillBlock(page, "t", "new"), page.replace("old", "new"));
    assert.equal(fillBlock(page, "other", "new"), page);
  });
});

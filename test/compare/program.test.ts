import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { compare } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

/** Prints how many layers config.json states, and a number of the program's own. */
const SCRIPT =
  'const c = JSON.parse(require("fs").readFileSync(process.argv[1] + "/config.json")); console.log(JSON.stringify({layers: c.vision_config.num_hidden_layers, score: 0.25}))';
const RECIPE = `base_model: demo/glyphs/base
models: [{model: demo/glyphs/ft1}, {model: demo/glyphs/ft2}]
evaluate:
  command: [node, -e, '${SCRIPT}', "{model}"]
compare:
  variants: [base, models, model_stock, greedy_soup]
`;

describe("A comparison by a program", () => {
  const inFolder = useTemporaryFolder();

  it("hands every variant over in a folder, shows its numbers, and removes what it merged", async () => {
    const out = inFolder("out");
    const report = await compare({
      recipe: { text: RECIPE },
      out,
      allowCode: true,
      environment: { PATH: process.env["PATH"] },
    });
    assert.deepEqual(
      report.variants.map(({ name, metrics }) => [name, metrics]),
      ["base", "ft1", "ft2", "model_stock"].map((name) => [name, { layers: 4, score: 0.25 }]),
    );
    assert.match(report.verdict.headline, /^The numbers of a program/);
    assert.deepEqual(report.warnings, ["With a program greedy_soup is left out."]);
    assert.deepEqual(readdirSync(dirname(out)), ["out"]);
    assert.ok(!readdirSync(out).includes("model_stock"));
  });

  it("refuses to run it unless the user allows code, and leaves no folder behind", async () => {
    const out = inFolder("refused");
    await assert.rejects(compare({ recipe: { text: RECIPE }, out }), { code: "RECIPE_CODE" });
    assert.ok(!existsSync(out));
  });
});

describe("A comparison on the data of evaluate", () => {
  const inFolder = useTemporaryFolder();

  it("takes data and splits from there", async () => {
    const text = `base_model: demo/glyphs/base
models: [{model: demo/glyphs/ft1}, {model: demo/glyphs/ft2}]
evaluate: {data: demo/glyphs/data, splits: [shift-serif]}
compare: {variants: [base]}
`;
    const report = await compare({ recipe: { text }, out: inFolder("out") });
    assert.deepEqual(report.splits, [{ name: "shift-serif", role: "shift", examples: 720 }]);
    assert.equal(report.variants[0]?.scores[0]?.correct, 549);
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { MergePlan } from "../../src/index.ts";
import { runCli } from "./captured-io.ts";

const RECIPE = "recipes/glyphs-overrides.yml";
const lines = readFileSync(RECIPE, "utf8").split("\n");

describe("stockpot plan --explain", () => {
  it("prints for a tensor which line of the recipe gave its method, its inputs and each parameter", async () => {
    const { status, stdout, stderr } = await runCli(["plan", RECIPE, "--explain", "classifier.weight"]);
    assert.deepEqual([status, stderr], [0, ""]);
    const [heading = "", ...rows] = stdout.trimEnd().split("\n");
    assert.match(heading, /^classifier\.weight {2}\[36, 64\], head, in no layer, gradients at 0$/);
    const places = rows.flatMap((row) => {
      const [, label = "", value = "", line = "", column = ""] =
        /^ +(\S+) +(\S+) +recipes\/glyphs-overrides\.yml:(\d+):(\d+)/.exec(row) ?? [];
      return label === "" ? [] : [[label, value, lines[Number(line) - 1]?.slice(Number(column) - 1)]];
    });
    assert.deepEqual(places, [
      ["method", "linear", 'tensors: "classifier.*"'],
      ...["ft1", "ft2", "ft3"].flatMap((name) => [
        ["input", `./demo/glyphs/${name}`, `./demo/glyphs/${name}`],
        ["weight", "1", "weight: 1"],
      ]),
    ]);
    assert.match(stdout, /normalize +true +the default of linear/);
    assert.match(stdout, /left out +\.\/demo\/glyphs\/base/);
  });

  it("puts the same into the document of --json, which has none of it otherwise", async () => {
    const documentOf = async (...flags: string[]) =>
      JSON.parse((await runCli(["plan", RECIPE, "--json", ...flags])).stdout) as MergePlan;
    const { explanations = [] } = await documentOf("--explain", "*.layers.?.*k_proj.bias");
    assert.equal(explanations.length, 4);
    assert.ok(explanations.every(({ method }) => method.position?.line === 17));
    assert.equal((await documentOf()).explanations, undefined);
  });

  it("shows some of many, and refuses a word that no tensor is meant by", async () => {
    const many = await runCli(["plan", RECIPE, "--explain", "weight"]);
    assert.match(many.stdout, /and \d+ more tensors; --json explains all\n$/);
    const none = await runCli(["plan", RECIPE, "--explain", "clasifier.weight"]);
    assert.equal(none.status, 2);
    assert.match(
      none.stderr,
      /USAGE {2}No tensor .* by "clasifier\.weight"\. Did you mean "classifier\.weight"\?/,
    );
  });
});

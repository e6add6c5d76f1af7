import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { defineMethod, isMergeError, merge, plan } from "../../src/index.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";
import { runCli } from "../cli/captured-io.ts";
import { CLIPPED, methodText, recipeText, SHAPES, useModules } from "./use-modules.ts";

/** A segment of f32: pieces of tiles can be no smaller. */
const SEGMENT_BYTES = 4096 * 4;

describe("a module of merge methods", () => {
  const { inFolder, models, run, failure } = useModules();

  it("computes each element itself, in the dtype's own arithmetic", async () => {
    const { weights, report } = await run(
      recipeText("./clipped.js", "clipped_sum", "{limit: 1.5, weight: 0.5}"),
    );
    assert.deepEqual(report.merged, { clipped_sum: Object.keys(SHAPES).length });
    for (const [name, [, dtype]] of Object.entries(SHAPES)) {
      const [base = [], ...inputs] = ["base", "a", "b"].map((model) => models[model]?.[name] ?? []);
      const most = inputs.map((x) => {
        const squares = [...x.keys()].reduce((sum, k) => sum + ((x[k] ?? 0) - (base[k] ?? 0)) ** 2, 0);
        return 1.5 * Math.sqrt(squares / x.length);
      });
      const ulp = { F32: 2 ** -23, F16: 2 ** -11, BF16: 2 ** -8, F64: 2 ** -52 }[dtype as string] ?? 0;
      weights.get(name)?.values.forEach((value, k) => {
        const b = base[k] ?? NaN;
        const expected = inputs.reduce((sum, x, i) => {
          const limit = most[i] ?? NaN;
          return sum + 0.5 * Math.max(-limit, Math.min(limit, (x[k] ?? NaN) - b));
        }, b);
        assert.ok(Math.abs(value - expected) <= ulp * Math.max(1, Math.abs(b)) * 2, `${name} ${k}`);
      });
    }
  });

  it("gives the same bytes for any tile size and number of workers, rows and columns too", async () => {
    for (const recipe of [
      recipeText("./clipped.js", "clipped_sum", "{limit: 1}"),
      recipeText("./rows.mjs", "by_rows"),
      recipeText("./rows.mjs", "by_rows", "{by: column}"),
    ]) {
      const first = await run(recipe, { workers: 1, tileBytes: SEGMENT_BYTES });
      for (const [workers, segments] of [
        [2, 3],
        [3, 17],
      ]) {
        const again = await run(recipe, { workers, tileBytes: SEGMENT_BYTES * (segments ?? 1) });
        assert.deepEqual(again.bytes, first.bytes);
      }
    }
  });

  it("solves each row in the workers", async () => {
    const { weights } = await run(recipeText("./rows.mjs", "by_rows"));
    const name = "layers.0.rows";
    const [base = [], a = [], b = []] = ["base", "a", "b"].map((model) => models[model]?.[name] ?? []);
    const square = (x: ArrayLike<number>, row: number) =>
      Array.from(
        { length: 301 },
        (_, k) => ((x[row * 301 + k] ?? 0) - (base[row * 301 + k] ?? 0)) ** 2,
      ).reduce((sum, value) => sum + value);
    weights.get(name)?.values.forEach((value, k) => {
      const row = Math.floor(k / 301);
      const t = square(a, row) / (square(a, row) + square(b, row));
      const [o = NaN, x = NaN, y = NaN] = [base[k], a[k], b[k]];
      const expected = o + (1 - t) * (x - o) + t * (y - o);
      assert.ok(Math.abs(value - expected) <= 2 ** -8 * Math.max(0.1, Math.abs(expected)));
    });
  });

  it("stands in the plan with path and SHA-256, in the lock file, and in the model card", async () => {
    const recipe = { text: recipeText("./clipped.js", "clipped_sum", "{limit: 1}") };
    const { methodModules } = await plan({ recipe, cwd: inFolder(), allowCode: true });
    const sha256 = createHash("sha256").update(CLIPPED).digest("hex");
    assert.deepEqual(methodModules, [
      { path: "./clipped.js", location: inFolder("clipped.js"), sha256, methods: ["clipped_sum"] },
    ]);
    const { report } = await run(recipe.text);
    const card = readFileSync(`${report.out}/README.md`, "utf8");
    assert.match(card, new RegExp(`\`\\./clipped\\.js\` \\(SHA-256 ${sha256}\\)`));
    const lock = JSON.parse(readFileSync(`${report.out}/stockpot.lock.json`, "utf8")) as LockFile;
    assert.deepEqual(lock.modules, [{ path: "./clipped.js", sha256 }]);
    assert.match(card, /Clipped sum, using `base` as base/);
  });

  it("is found from the recipe's folder alone", async () => {
    await mkdir(inFolder("recipes"), { recursive: true });
    await writeFile(inFolder("recipes", "own.yml"), recipeText("../rows.mjs", "by_rows"));
    const report = await merge({ recipe: "recipes/own.yml", cwd: inFolder(), out: "own", allowCode: true });
    assert.equal(report.mergeMethod, "by_rows");
    await writeFile(inFolder("recipes", "other.yml"), recipeText("./rows.mjs", "by_rows"));
    await assert.rejects(
      plan({ recipe: "recipes/other.yml", cwd: inFolder(), allowCode: true }),
      (error) => isMergeError(error, "RECIPE_METHOD_MODULE") && error.message.includes(inFolder("recipes")),
    );
  });

  it("does not run unless code is allowed", async () => {
    await writeFile(inFolder("spy.mjs"), "globalThis.stockpotSpy = true; export default [];");
    const error = await failure(recipeText("./spy.mjs", "by_rows"), "RECIPE_CODE", { allowCode: false });
    assert.match(error.problems[0]?.hint ?? "", /--allow-code/);
    assert.equal(error.problems[0]?.position?.line, 1);
    assert.equal("stockpotSpy" in globalThis, false);
    await writeFile(
      inFolder("cli.yml"),
      recipeText("./rows.mjs", "by_rows").replaceAll(/(base|\ba\b|\bb\b)(?=[}\n])/g, (name) =>
        inFolder(name),
      ),
    );
    const refused = await runCli(["plan", inFolder("cli.yml")]);
    assert.match(refused.stderr, /RECIPE_CODE/);
    const allowed = await runCli(["plan", inFolder("cli.yml"), "--allow-code"]);
    assert.equal(allowed.status, 0, allowed.stderr);
    assert.match(allowed.stdout, /code +\.\/rows\.mjs, SHA-256 [0-9a-f]{16}\.\.\./);
  });

  it("is never a package, an address or a name on the Hub", async () => {
    for (const path of [
      "stockpot",
      "org/method.js",
      "https://example.org/a.js",
      "data:text/javascript,1",
      "./a.json",
    ]) {
      const error = await failure(recipeText(JSON.stringify(path), "by_rows"), "RECIPE_METHOD_MODULE");
      assert.match(error.message, /is not the path of a local module/);
    }
  });

  it("has its parameters checked like those of built-in methods", async () => {
    const misspelt = await failure(
      recipeText("./clipped.js", "clipped_sum", "{limits: 1}"),
      "RECIPE_UNKNOWN_PARAMETER",
    );
    assert.match(misspelt.problems[0]?.message ?? "", /Did you mean "limit"/);
    await failure(recipeText("./clipped.js", "clipped_sum", "{limit: -1}"), "RECIPE_OUT_OF_RANGE");
    await failure(recipeText("./clipped.js", "cliped_sum", "{limit: 1}"), "RECIPE_UNKNOWN_METHOD");
  });

  it("serves all recipes of a file", async () => {
    const named = `name: first\n${recipeText("./rows.mjs", "by_rows")}`;
    const second =
      "merge_method: clipped_sum\nmethods: [./clipped.js]\nbase_model: base\nmodels: [{model: first}]\n";
    const { report } = await run(
      `${named}---\n${second}parameters: {limit: 1}\noverrides: [{layers: [1, 2], merge_method: passthrough, model: first}]\n`,
    );
    assert.deepEqual(report.merged, { clipped_sum: 2 });
    assert.deepEqual(
      report.intermediates?.map(({ mergeMethod }) => mergeMethod),
      ["by_rows"],
    );
  });

  it("gets copies, so that changing them changes nothing else", async () => {
    const body =
      "combine({ base, inputs }) { const out = inputs[0].slice(); base.fill(9); inputs.forEach((x) => x.fill(8)); return out; }";
    await writeFile(inFolder("spoils.mjs"), methodText('granularity: () => "row"', body));
    const { weights } = await run(recipeText("./spoils.mjs", "mine"));
    assert.deepEqual(weights.get("layers.0.flat")?.values, models["a"]?.["layers.0.flat"]);
  });

  it("is read anew when it has changed", async () => {
    for (const value of [2, 3]) {
      await writeFile(inFolder("edited.mjs"), methodText("", `combine: ({ base }) => base.fill(${value})`));
      const { weights } = await run(recipeText("./edited.mjs", "mine"));
      assert.equal(weights.get("layers.0.flat")?.values[5], value);
    }
  });

  it("is what a method given as an object must be to work on tiles or rows", async () => {
    const facts = {
      name: "mine",
      title: "Mine",
      summary: "",
      formula: "",
      base: "required",
      models: { min: 1 },
      parameters: {},
      whenMissing: "base",
      symmetric: true,
    } as const;
    const recipe = recipeText("./rows.mjs", "mine").replace(/^.*\n/, "");
    const tiles = defineMethod({ ...facts, combine: ({ base }) => base });
    const error = await failure(recipe, "USAGE", { methods: [tiles] });
    assert.match(error.message, /mine has combine/);
    assert.match(error.hint ?? "", /module/);
  });

  it("is shown by stockpot methods", async () => {
    const refused = await runCli(["methods", inFolder("clipped.js")]);
    assert.equal(refused.status, 2);
    const { stdout, status } = await runCli(["methods", inFolder("clipped.js"), "--allow-code"]);
    assert.equal(status, 0);
    assert.match(stdout, /Clipped sum {2}clipped_sum/);
    assert.match(stdout, /limit +.*at least 0/);
  });
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { glyphsFiles } from "../hub/glyphs.ts";
import { useHub } from "../hub/use-hub.ts";
import { runCli } from "./captured-io.ts";
import type { EvaluationReport } from "../../src/index.ts";

const VAL = ["--data", "demo/glyphs/data", "--split", "val"];

describe("stockpot evaluate", () => {
  const inFolder = useTemporaryFolder();
  const used = useHub();

  it("prints a table of splits with what they are for, and the mean of the shifts", async () => {
    const splits = ["--split", "val", "shift-mono", "--split", "shift-serif"];
    const { status, stdout } = await runCli([
      "evaluate",
      "demo/glyphs/ft1",
      "--data",
      "demo/glyphs/data",
      ...splits,
    ]);
    assert.equal(status, 0);
    // Counts as another program has them; 515/720 and 553/720 are 71.53 % and 76.81 %.
    assert.match(
      stdout,
      new RegExp(
        [
          "^Evaluation of demo/glyphs/ft1 by TensorFlow\\.js .*",
          "  split +right   of  accuracy",
          "  val               held out    666  720   92\\.50 %",
          "  shift-mono        shift       515  720   71\\.53 %",
          "  shift-serif       shift       553  720   76\\.81 %",
          "  mean of 2 shifts +74\\.17 %",
          "",
          "2,160 examples in .*\n$",
        ].join("\n"),
      ),
    );
  });

  it("prints one document with --json, and nothing with --quiet", async () => {
    const { stdout } = await runCli(["evaluate", "demo/glyphs/ft1", ...VAL, "--json", "--batch", "100"]);
    const { model, splits, backend } = JSON.parse(stdout);
    assert.deepEqual([model, typeof backend], ["demo/glyphs/ft1", "string"]);
    assert.deepEqual(splits, [
      { split: "val", role: "held-out", examples: 720, correct: 666, accuracy: 666 / 720 },
    ]);
    const quiet = await runCli(["evaluate", "demo/glyphs/ft1", ...VAL, "--quiet"]);
    assert.deepEqual(quiet, { status: 0, stdout: "", stderr: "" });
  });

  it("takes what to evaluate on from a recipe, programs only where code is allowed", async () => {
    const recipe = ["evaluate", "demo/glyphs/base", "--recipe", "recipes/glyphs-evaluate-command.yml"];
    const refused = await runCli(recipe);
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /RECIPE_CODE/);
    const environment = { PATH: process.env["PATH"] };
    const { status, stdout } = await runCli([...recipe, "--allow-code"], { environment });
    assert.equal(status, 0);
    assert.match(stdout, /^Evaluation of demo\/glyphs\/base\n {2}megabytes {2}0\.83\d*\n/);
    const silent = await runCli(["evaluate", "demo/glyphs/base", "--recipe", "recipes/glyphs-linear.yml"]);
    assert.equal(silent.status, 3);
    assert.match(silent.stderr, /glyphs-linear\.yml does not say what to evaluate on/);
  });

  it("downloads a model that is named as at the Hub, once", async () => {
    used.hub.commit("glyphs/ft1", glyphsFiles("ft1"));
    const environment = { HF_ENDPOINT: used.hub.url, HF_HOME: inFolder("home") };
    for (const more of [[], ["--offline"]]) {
      const { status, stdout, stderr } = await runCli(["evaluate", "glyphs/ft1", ...VAL, "--json", ...more], {
        environment,
      });
      assert.equal(status, 0, stderr);
      const { model, splits } = JSON.parse(stdout) as EvaluationReport;
      assert.deepEqual([model, splits[0]?.correct], ["glyphs/ft1", 666]);
    }
  });

  it("explains what is missing or does not go together", async () => {
    for (const [args, what] of [
      [[], /give --data DIR or --recipe FILE/],
      [[...VAL, "--recipe", "r.yml"], /Give either --data DIR or --recipe FILE/],
      [["--recipe", "r.yml", "--batch", "3"], /go with --data/],
      [[...VAL, "--batch", "0"], /whole number from 1 to 4096/],
      [[...VAL, "--backend", "gpu"], /Expected one of tensorflow, wasm, cpu/],
    ] as const) {
      const { status, stderr } = await runCli(["evaluate", "demo/glyphs/base", ...args]);
      assert.equal(status, 2);
      assert.match(stderr, what);
    }
    const { status, stderr } = await runCli(["evaluate", "demo/glyphs/base", "--data", "demo/glyphs"]);
    assert.equal(status, 9);
    assert.match(stderr, /EVALUATE_DATA/);
  });

  it("runs at the end of a merge whose recipe asks for it", async () => {
    const { status, stdout } = await runCli(["merge", "recipes/glyphs-evaluate.yml", inFolder("merged")]);
    assert.equal(status, 0);
    // Model Stock of ft1 and ft2 as another program has it: 1318 of 1440 and 565 of 720.
    assert.match(
      stdout,
      /\nEvaluation by TensorFlow\.js .*\n {2}split .*\n {2}id-test +1,318 {2}1,440 {3}91\.53 %/,
    );
    assert.match(stdout, /\n {2}shift-serif +shift +565 +720 +78\.47 %/);
  });

  it("says that the model is complete where only its evaluation fails", async () => {
    const text =
      "base_model: demo/glyphs/base\nmodels: [{model: demo/glyphs/ft1}, {model: demo/glyphs/ft2}]\n";
    const recipe = inFolder("failing.yml");
    await writeFile(recipe, `${text}evaluate: {command: [node, -e, "process.exit(4)"]}\n`);
    const environment = { PATH: process.env["PATH"] };
    const out = inFolder("complete");
    const { status, stderr } = await runCli(["merge", recipe, out, "--allow-code", "--quiet"], {
      environment,
    });
    assert.equal(status, 9);
    assert.match(
      stderr,
      /The merged model is complete, but could not be evaluated: The program node ended with 4/,
    );
    assert.ok(existsSync(`${out}/model.safetensors`));
  });
});

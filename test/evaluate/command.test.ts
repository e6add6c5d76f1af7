import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { evaluate, isMergeError, merge } from "../../src/index.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { ErrorCode, Evaluation } from "../../src/index.ts";

const PRINTING = `console.log(JSON.stringify({ args: process.argv.length, results: { task: { "acc,none": 0.5 } } }))`;

describe("A program that evaluates", () => {
  const inFolder = useTemporaryFolder();

  type Command = Extract<Evaluation, { kind: "command" }>;
  const setting = (script: string, more: Partial<Command> = {}): Command => ({
    kind: "command",
    command: [process.execPath, "-e", script, "{model}"],
    metrics: [],
    timeoutSeconds: 60,
    environment: {},
    ...more,
  });
  const run = async (on: Evaluation, more: { signal?: AbortSignal; allowCode?: boolean } = {}) =>
    await evaluate({
      model: "demo/glyphs/base",
      on,
      allowCode: true,
      environment: { PATH: process.env["PATH"], OWN: "mine" },
      ...more,
    });
  const refused =
    (code: ErrorCode, what: RegExp, hint = /./) =>
    (error: unknown) => {
      assert.ok(isMergeError(error, code), String(error));
      assert.match(error.message, what);
      assert.match(error.hint ?? "", hint);
      return true;
    };

  it("is given the model's folder and gives the numbers of the JSON that it prints last", async () => {
    const script = `
      console.log("{ not JSON");
      console.log(JSON.stringify({ early: 1 }));
      console.log("between");
      console.log(JSON.stringify({ n: process.argv[1].length, deep: { a: 1.5, text: "x" }, list: [7] }, undefined, 2));`;
    const { metrics, splits } = await run(setting(script));
    const folder = `${process.cwd()}/demo/glyphs/base`;
    assert.deepEqual(metrics, { n: folder.length, "deep.a": 1.5, "list.0": 7 });
    assert.deepEqual(splits, []);
  });

  it("gives the metrics that are asked for, and names the nearest where one is not there", async () => {
    const metrics = ["results.task.acc,none"];
    assert.deepEqual((await run(setting(PRINTING, { metrics }))).metrics, { "results.task.acc,none": 0.5 });
    await assert.rejects(
      run(setting(PRINTING, { metrics: ["results.task.acc,nome"] })),
      refused("EVALUATE_COMMAND", /no number "results\.task\.acc,nome"/, /"results\.task\.acc,none"/),
    );
  });

  it("sees the caller's variables and its own, runs in its folder and writes its log", async () => {
    const script = `
      console.error("to the log");
      console.log(JSON.stringify({ own: process.env.OWN === "mine", here: process.cwd().length }), process.env.MORE);
      console.log(JSON.stringify({ own: Number(process.env.OWN === "mine"), more: Number(process.env.MORE), here: process.cwd().length }));`;
    const on = setting(script, { environment: { MORE: "3" }, folder: inFolder(), log: inFolder("eval.log") });
    assert.deepEqual((await run(on)).metrics, { own: 1, more: 3, here: inFolder().length });
    const log = readFileSync(inFolder("eval.log"), "utf8");
    assert.match(log, /to the log/);
    assert.match(log, /"more":3/);
  });

  it("is refused unless code is allowed, before anything is merged", async () => {
    await assert.rejects(
      run(setting(PRINTING), { allowCode: false }),
      refused("RECIPE_CODE", /wants to run the program/, /--allow-code/),
    );
    const out = inFolder("merged");
    const recipe = { text: readFileSync("recipes/glyphs-evaluate-command.yml", "utf8") };
    await assert.rejects(merge({ recipe, out }), refused("RECIPE_CODE", /the program node/));
    assert.ok(!existsSync(out));
  });

  it("is the way out of an architecture that no network here has, which is said before anything is merged", async () => {
    await writeTinyFamily(inFolder());
    const out = inFolder("unsupported");
    const text =
      "base_model: base\nmodels: [{model: ft1}, {model: ft2}]\nevaluate: {data: demo/glyphs/data}\n";
    const file = inFolder("recipe.yml");
    await assert.rejects(
      merge({ recipe: { text, file }, out }),
      refused("EVALUATE_UNSUPPORTED", /base is a \w+; Stockpot runs CLIPForImageClassification/, /command/),
    );
    assert.ok(!existsSync(out));
  });

  it("that fails, prints no numbers, or is not there is reported with what it said", async () => {
    const fails = `console.error("no GPU found"); process.exit(3);`;
    await assert.rejects(run(setting(fails)), refused("EVALUATE_COMMAND", /ended with 3/, /no GPU found/));
    for (const script of [`console.log("accuracy 0.5")`, `console.log('{"a": "b"}')`, ``])
      await assert.rejects(run(setting(script)), refused("EVALUATE_COMMAND", /no JSON object with numbers/));
    const absent = { ...setting(""), command: ["no-such-program-here"] };
    await assert.rejects(run(absent), refused("EVALUATE_COMMAND", /could not be started/));
  });

  it("is stopped when its time is up", async () => {
    await assert.rejects(
      run(setting("setInterval(() => {}, 1000)", { timeoutSeconds: 1 })),
      refused("EVALUATE_COMMAND", /took longer than 1 s and was stopped/),
    );
  });

  it("is stopped with all that it has started when the user asks", async () => {
    const file = inFolder("alive");
    // A child of the program's own, which writes until it is stopped, too.
    const child = `setInterval(() => require("fs").writeFileSync(${JSON.stringify(file)}, String(Date.now())), 20)`;
    const script = `
      require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]);
      setInterval(() => {}, 1000);`;
    const controller = new AbortController();
    const stopped = run(setting(script), { signal: controller.signal });
    const written = (async () => {
      while (!existsSync(file)) await sleep(20);
      controller.abort();
    })();
    await assert.rejects(stopped, (error) => isMergeError(error, "INTERRUPTED"));
    await written;
    const last = readFileSync(file, "utf8");
    await sleep(300);
    assert.equal(readFileSync(file, "utf8"), last);
  });

  it("scores the result of a merge", async () => {
    const script = inFolder("score.mjs");
    await writeFile(
      script,
      `import { existsSync } from "node:fs"; console.log(JSON.stringify({ complete: Number(existsSync(process.argv[2] + "/config.json")) }));`,
    );
    const text = `
base_model: demo/glyphs/base
models: [{model: demo/glyphs/ft1}, {model: demo/glyphs/ft2}]
evaluate: {command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(script)}, "{model}"], metrics: [complete]}
`;
    const out = inFolder("scored");
    const report = await merge({ recipe: { text }, out, allowCode: true });
    assert.deepEqual(report.evaluation, { model: out, splits: [], metrics: { complete: 1 } });
  });
});

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { addTaskVectors, defineMethod, isMergeError, merge, number, perModel, plan } from "../src/index.ts";
import type { ErrorCode, MergePlan, Progress } from "../src/index.ts";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { roundTo, writeTinyFamily, writeTinyModel } from "./fixtures/tiny-models.ts";

const LINEAR =
  "merge_method: linear\nmodels:\n  - {model: ft1, parameters: {weight: 3}}\n  - {model: ft2, parameters: {weight: 1}}\n";
const STOCK = "base_model: base\nmodels: [{model: ft1}, {model: ft2}, {model: ft3}]\n";

const withCode = (code: ErrorCode) => (error: unknown) => isMergeError(error, code);

describe("merge", () => {
  const inFolder = useTemporaryFolder();
  const text = (recipe: string) => ({ text: recipe });
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;

  before(async () => {
    await writeTinyFamily(inFolder());
  });

  it("writes the recipe's result: each value the exact one, rounded once", async () => {
    await merge({ recipe: text(LINEAR), cwd: inFolder(), out: "linear" });
    const [a, b, out] = ["ft1", "ft2", "linear"].map((name) => readWeights(inFolder(name)));
    assert.ok(a && b && out);
    assert.deepEqual([...out.keys()].sort(), [...a.keys()].sort());
    for (const [name, { values, dtype }] of out) {
      assert.equal(dtype, "F32");
      const [x, y] = [a.get(name)?.values ?? [], b.get(name)?.values ?? []];
      for (const [i, got] of values.entries()) {
        // The engine works in F32 between decoding and rounding: a few units in the last place of the larger input.
        const exact = 0.75 * (x[i] ?? NaN) + 0.25 * (y[i] ?? NaN);
        const unit = 2 ** -23 * Math.max(Math.abs(x[i] ?? 0), Math.abs(y[i] ?? 0));
        assert.ok(
          Math.abs(got - exact) <= 2 * unit,
          `${name}[${String(i)}]: ${String(got)}, not ${String(exact)}`,
        );
      }
    }
  });

  it("reports what it merged, in numbers that agree with each other and with the folder", async () => {
    const report = await merge({ recipe: text(STOCK), cwd: inFolder(), out: "stock", maxShardBytes: 3000 });
    const weights = readWeights(inFolder("stock"));
    const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
    const shards = readdirSync(inFolder("stock")).filter((name) => name.endsWith(".safetensors"));
    assert.ok(shards.length > 1);
    assert.equal(report.out, inFolder("stock"));
    assert.equal(report.output.tensorCount, weights.size);
    assert.equal(report.output.parameterCount, parameters);
    assert.equal(report.output.shardCount, shards.length);
    assert.deepEqual(report.merged, { model_stock: weights.size });
    assert.deepEqual(report.copied, []);
    assert.deepEqual(report.files.map(({ name }) => name).sort(), readdirSync(inFolder("stock")).sort());
    assert.deepEqual(report.models, [
      { reference: "base", role: "base" },
      ...["ft1", "ft2", "ft3"].map((reference) => ({ reference, role: "model" })),
    ]);
    assert.equal(
      report.kinds.reduce((sum, { tensorCount }) => sum + tensorCount, 0),
      weights.size,
    );
    for (const { numbers } of report.kinds) {
      // t = N cos / (1 + (N - 1) cos) grows with the cosine, so the extremes belong to each other.
      const [angle, t] = [numbers.angle, numbers.t];
      assert.ok(angle && t);
      const ratio = (degrees: number) => {
        const cos = Math.max(0, Math.cos((degrees * Math.PI) / 180));
        return (3 * cos) / (1 + 2 * cos);
      };
      assert.ok(Math.abs(t.minimum - ratio(angle.maximum)) < 1e-9);
      assert.ok(Math.abs(t.maximum - ratio(angle.minimum)) < 1e-9);
    }
    assert.equal(JSON.stringify(JSON.parse(JSON.stringify(report))), JSON.stringify(report));
  });

  it("carries config and small files of the base, and changes the dtype where config.json states it", async () => {
    const report = await merge({ recipe: text(STOCK), cwd: inFolder(), out: "half", dtype: "bfloat16" });
    for (const { dtype } of readWeights(inFolder("half")).values()) assert.equal(dtype, "BF16");
    assert.deepEqual(json(inFolder("half", "config.json")), {
      ...json(inFolder("base", "config.json")),
      dtype: "bfloat16",
    });
    for (const name of ["generation_config.json", "tokenizer_config.json"]) {
      assert.deepEqual(readFileSync(inFolder("half", name)), readFileSync(inFolder("base", name)));
    }
    assert.equal(readFileSync(inFolder("half", "mergekit_config.yml"), "utf8"), STOCK);
    assert.deepEqual(report.files.find(({ role }) => role === "config")?.edited, ["dtype"]);
  });

  it("finds models from the working directory first, then from the recipe's folder", async () => {
    await mkdir(inFolder("elsewhere"), { recursive: true });
    await mkdir(inFolder("recipes"), { recursive: true });
    await writeFile(
      inFolder("recipes", "here.yml"),
      "merge_method: passthrough\nmodels: [{model: ../ft1}]\n",
    );
    await merge({ recipe: "../recipes/here.yml", cwd: inFolder("elsewhere"), out: "../found" });
    const [copy, original] = ["found", "ft1"].map((name) => readWeights(inFolder(name)));
    assert.deepEqual(copy?.get("lm_head.weight")?.bytes, original?.get("lm_head.weight")?.bytes);
  });

  it("runs a merge method of the caller's own", async () => {
    const firstOnly = defineMethod({
      name: "half_way",
      title: "Half way",
      summary: "Moves the base by a share of each task vector.",
      formula: "base + sum share_i (x_i - base)",
      base: "required",
      models: { min: 1 },
      parameters: { share: perModel(number({ doc: "How far.", default: 0.5 })) },
      whenMissing: "base",
      symmetric: true,
      solve: ({ parameters: { share } }) => ({
        combination: addTaskVectors(share),
        report: { share: share[0] ?? NaN },
      }),
    });
    const report = await merge({
      recipe: text("merge_method: half_way\nbase_model: base\nmodels: [{model: ft1}]\n"),
      cwd: inFolder(),
      out: "own-method",
      methods: [firstOnly],
    });
    assert.deepEqual(report.merged, { half_way: report.output.tensorCount });
    const [base, tuned, out] = ["base", "ft1", "own-method"].map((name) =>
      readWeights(inFolder(name)).get("lm_head.weight"),
    );
    const [x, y, z] = [base?.values[5] ?? NaN, tuned?.values[5] ?? NaN, out?.values[5] ?? NaN];
    assert.ok(Math.abs(z - (x + y) / 2) <= Math.abs(x) * 2 ** -22);
    assert.match(
      readFileSync(inFolder("own-method", "README.md"), "utf8"),
      /\nHalf way, using `base` as base\.\n/,
    );
  });

  it("shows the plan before it starts, and its progress up to the last byte", async () => {
    const plans: MergePlan[] = [];
    const seen: Progress[] = [];
    const report = await merge({
      recipe: text(STOCK),
      cwd: inFolder(),
      out: "watched",
      onPlan: (shown) => plans.push(shown),
      onProgress: (progress) => seen.push(progress),
    });
    assert.deepEqual(plans, [await plan({ recipe: text(STOCK), cwd: inFolder() })]);
    const last = seen.at(-1);
    assert.ok(last);
    assert.equal(last.tensorsDone, report.output.tensorCount);
    assert.equal(last.doneBytes, report.run.readBytes);
    // Less than planned where a coefficient came out as zero: such an input is not read again.
    assert.ok(last.doneBytes <= last.totalBytes);
  });

  it("passes on the warnings of a lenient reading", async () => {
    const recipe = text(`${STOCK}note: hello\n`);
    await assert.rejects(merge({ recipe, cwd: inFolder(), out: "strict" }), withCode("RECIPE_UNKNOWN_KEY"));
    assert.equal(existsSync(inFolder("strict")), false);
    const report = await merge({ recipe, cwd: inFolder(), out: "lenient", lenient: true });
    assert.deepEqual(
      report.warnings.map(({ code, severity }) => [code, severity]),
      [["RECIPE_UNKNOWN_KEY", "warning"]],
    );
  });

  it("names all models that are not there", async () => {
    const recipe = text("base_model: base\nmodels: [{model: ft8}, {model: ft9}]\n");
    await assert.rejects(plan({ recipe, cwd: inFolder() }), (error) => {
      assert.ok(isMergeError(error, "SOURCE_NOT_FOUND"));
      assert.equal(error.problems.length, 2);
      return true;
    });
  });

  it("leaves nothing behind when an input turns out to be bad, and says which", async () => {
    const { base } = await writeTinyFamily(inFolder("bad"), { fineTunes: 1 });
    const head = base.tensors["lm_head.weight"];
    assert.ok(head);
    const values = Array.from(head.values, (value, i) => (i === 7 ? NaN : roundTo(value, "F32")));
    await writeTinyModel(inFolder("bad", "ft1"), {
      ...base,
      tensors: { ...base.tensors, "lm_head.weight": { ...head, values } },
    });
    const options = {
      recipe: text(
        "base_model: base\nmerge_method: task_arithmetic\nmodels: [{model: ft1, parameters: {weight: 1}}]\n",
      ),
      cwd: inFolder("bad"),
      out: "out",
    };
    await assert.rejects(merge(options), (error) => {
      assert.ok(isMergeError(error, "ENGINE_NON_FINITE"));
      assert.match(`${error.message} ${String(error.where)}`, /lm_head\.weight/);
      return true;
    });
    assert.deepEqual(readdirSync(inFolder("bad")).sort(), ["base", "ft1"]);
    const { run } = await merge({ ...options, allowNonFinite: true });
    assert.deepEqual(run.nonFinite.map(({ tensor, count }) => [tensor, count])[0], ["lm_head.weight", 1]);
  });

  for (const moment of ["onPlan", "onProgress"] as const) {
    it(`stops when told in ${moment}, and leaves nothing behind`, async () => {
      const controller = new AbortController();
      const stopped = merge({
        recipe: text(STOCK),
        cwd: inFolder(),
        out: `stopped-${moment}`,
        signal: controller.signal,
        [moment]: () => {
          controller.abort();
        },
      });
      await assert.rejects(stopped, withCode("INTERRUPTED"));
      assert.equal(existsSync(inFolder(`stopped-${moment}`)), false);
    });
  }

  it("lets an error of a callback through, and leaves nothing behind", async () => {
    const failure = new TypeError("of the caller");
    const failed = merge({
      recipe: text(STOCK),
      cwd: inFolder(),
      out: "callback",
      onProgress: () => {
        throw failure;
      },
    });
    await assert.rejects(failed, (error) => error === failure);
    assert.equal(existsSync(inFolder("callback")), false);
  });

  it("refuses options that cannot be meant", async () => {
    const options = { recipe: text(STOCK), cwd: inFolder(), out: "refused" };
    const wrong = [
      { workers: 0 },
      { workers: 1.5 },
      { tileBytes: -1 },
      { maxShardBytes: NaN },
      { dtype: "float8" },
    ];
    for (const each of wrong) await assert.rejects(merge({ ...options, ...each }), withCode("USAGE"));
    assert.equal(existsSync(inFolder("refused")), false);
  });

  it("writes nothing when it only plans", async () => {
    const before = readdirSync(inFolder());
    const planned = await plan({ recipe: text(STOCK), cwd: inFolder() });
    assert.equal(planned.mergeMethod, "model_stock");
    assert.deepEqual(
      planned.passes.map(({ readBytes }) => readBytes > 0),
      [true, true],
    );
    assert.deepEqual(readdirSync(inFolder()), before);
  });
});

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMergeError, merge, plan } from "../../src/index.ts";
import type { MergeOptions, MergeReport, Progress } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { roundTo, writeTinyFamily, writeTinyModel } from "../fixtures/tiny-models.ts";

const linear = (name: string, models: Readonly<Record<string, number>>, more = "") => {
  const list = Object.entries(models).map(
    ([model, weight]) => `{model: ${model}, parameters: {weight: ${weight}}}`,
  );
  return `${name && `name: ${name}\n`}merge_method: linear\nmodels: [${list.join(", ")}]\n${more}`;
};
/** A merge that has to measure whole tensors first, and so goes through a folder. */
const ties = (name: string, models: Readonly<Record<string, number>>) =>
  linear(name, models, "base_model: base\nparameters: {density: 0.5}\n").replace("linear", "ties");
const file = (...documents: string[]) => ({ text: documents.join("---\n") });

/** (ft1 + 3 ft2) / 4, then a half of that and a half of ft3. */
const MIX = linear("mix", { ft1: 1, ft2: 3 });
const CHAIN = file(MIX, linear("", { mix: 1, ft3: 1 }));
const TIES_MIX = ties("mix", { ft1: 1, ft2: 3 });
const TIES_CHAIN = file(TIES_MIX, linear("", { mix: 1, ft3: 1 }));

describe("merging several recipes of one file", () => {
  const inFolder = useTemporaryFolder();
  const hidden = (folder: string) => readdirSync(folder).filter((name) => name.startsWith(".stockpot"));
  const run = (out: string, options: Partial<MergeOptions> = {}): Promise<MergeReport> =>
    merge({ recipe: CHAIN, cwd: inFolder(), out, ...options });

  before(async () => {
    await writeTinyFamily(inFolder(), { dtype: "BF16" });
  });

  it("gives the output made from the results, which keep full precision on the way", async () => {
    const report = await run("chain");
    const [a, b, c, out] = ["ft1", "ft2", "ft3", "chain"].map((name) => readWeights(inFolder(name)));
    assert.ok(a && b && c && out);
    let roundedTwice = 0;
    for (const [name, { values, dtype }] of out) {
      assert.equal(dtype, "F32", "the dtype that holds F32 and BF16");
      for (const [i, got] of values.entries()) {
        const at = (weights: typeof a) => weights.get(name)?.values[i] ?? NaN;
        const mix = (at(a) + 3 * at(b)) / 4;
        const exact = (mix + at(c)) / 2;
        assert.ok(
          Math.abs(got - exact) <= 2 ** -22 * Math.max(Math.abs(mix), Math.abs(at(c))),
          `${name}[${i}]`,
        );
        if (Math.abs(got - (roundTo(mix, "BF16") + at(c)) / 2) > 2 ** -20 * Math.abs(exact)) roundedTwice++;
      }
    }
    assert.ok(roundedTwice > 100, "a result rounded to BF16 on the way would show");
    assert.deepEqual(
      report.intermediates?.map(({ name, mergeMethod, out: kept }) => [name, mergeMethod, kept]),
      [["mix", "linear", undefined]],
    );
    assert.deepEqual(hidden(inFolder()), []);
  });

  it("keeps results on request, each whole, with its own recipe, in the recipe's dtype if it gives one", async () => {
    const half = linear("half", { ft1: 1, ft2: 1 }, "dtype: float16\n");
    const recipe = file(MIX, half, linear("", { mix: 1, half: 1 }, "out_dtype: bfloat16\n"));
    const report = await run("kept-out", { recipe, keepIntermediate: "parts" });
    assert.deepEqual(readdirSync(inFolder("parts")).sort(), ["half", "mix"]);
    assert.deepEqual(
      report.intermediates?.map((each) => each.out),
      [inFolder("parts", "mix"), inFolder("parts", "half")],
    );
    const dtypes = (folder: string) => new Set([...readWeights(folder).values()].map(({ dtype }) => dtype));
    assert.deepEqual(
      [dtypes(inFolder("parts", "mix")), dtypes(inFolder("parts", "half")), dtypes(inFolder("kept-out"))],
      [new Set(["F32"]), new Set(["F16"]), new Set(["BF16"])],
    );
    const config = JSON.parse(readFileSync(inFolder("parts", "mix", "config.json"), "utf8")) as {
      dtype: string;
    };
    assert.equal(config.dtype, "float32");
    assert.equal(readFileSync(inFolder("parts", "half", "mergekit_config.yml"), "utf8"), half);
    assert.equal(readFileSync(inFolder("kept-out", "mergekit_config.yml"), "utf8"), recipe.text);
    assert.match(
      readFileSync(inFolder("kept-out", "README.md"), "utf8"),
      /`mix` is a merge of its own: \[Linear\]/,
    );
  });

  it("plans the whole file before a weight is read, as it will be merged", async () => {
    const planned = await plan({ recipe: CHAIN, cwd: inFolder() });
    assert.deepEqual(
      planned.intermediates?.map(({ name, plan: { mergeMethod, tensors } }) => [
        name,
        mergeMethod,
        tensors[0]?.dtype,
      ]),
      [["mix", "linear", "F32"]],
    );
    const report = await run("as-planned", { maxShardBytes: 3000 });
    assert.deepEqual(
      report.run.tensors.map(({ name }) => name),
      planned.tensors.map(({ name }) => name),
    );
    assert.ok(report.output.shardCount > 1);
  });

  it("tells the problems of all recipes at once, and none twice that comes from another", async () => {
    const recipe = file(
      linear("bad", { ft1: 1, nothing: 1 }).replace("nothing", "odd"),
      linear("worse", { ft2: 1, odd: 1 }),
      linear("", { bad: 1, worse: 1, ft3: 1 }),
    );
    const { base } = await writeTinyFamily(inFolder("other"), { fineTunes: 1, layers: 3 });
    await writeTinyModel(inFolder("odd"), base);
    await assert.rejects(plan({ recipe, cwd: inFolder() }), (error) => {
      assert.ok(isMergeError(error, "PLAN_LAYER_COUNT"));
      const lines = error.problems
        .filter(({ severity }) => severity === "error")
        .map(({ position }) => position?.line);
      assert.deepEqual(lines, [3, 7]);
      return true;
    });
  });

  it("removes a result as soon as nothing needs it any more", async () => {
    const recipe = file(
      TIES_MIX,
      ties("second", { mix: 1, ft3: 1 }),
      ties("third", { second: 1, ft1: 1 }),
      linear("", { third: 1, ft2: 1 }),
    );
    const seen = new Set<string>();
    const onProgress = () => {
      const [folder] = hidden(inFolder());
      if (folder !== undefined) seen.add(readdirSync(inFolder(folder)).sort().join(" "));
    };
    await run("early", { recipe, onProgress });
    assert.deepEqual([...seen], ["mix", "mix second", "second third", "third"]);
  });

  it("counts progress over all merges", async () => {
    const seen: Progress[] = [];
    await run("progress", { recipe: TIES_CHAIN, onProgress: (progress) => seen.push(progress) });
    const totals = new Set(seen.map(({ totalBytes }) => totalBytes));
    assert.equal(totals.size, 1);
    const done = seen.map(({ doneBytes }) => doneBytes);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    const planned = await plan({ recipe: TIES_CHAIN, cwd: inFolder() });
    const plans = [planned, ...(planned.intermediates ?? []).map((each) => each.plan)];
    const bytes = plans.flatMap(({ passes }) => passes).reduce((sum, { readBytes }) => sum + readBytes, 0);
    assert.equal(seen.at(-1)?.totalBytes, bytes);
    assert.equal(done.at(-1), bytes);
  });

  it("removes its temporary folder when it fails and when it is stopped, and folders made for it", async () => {
    const { base } = await writeTinyFamily(inFolder("nan"), { fineTunes: 1 });
    const tensors = Object.entries(base.tensors).map(([name, tensor]) => [
      name,
      { ...tensor, values: Array.from(tensor.values, () => NaN) },
    ]);
    await writeTinyModel(inFolder("poison"), {
      ...base,
      tensors: Object.fromEntries(tensors) as typeof base.tensors,
    });
    const failing = file(TIES_MIX, linear("", { mix: 1, poison: 1 }));
    await assert.rejects(run("new/folder/out", { recipe: failing }), (error) =>
      isMergeError(error, "ENGINE_NON_FINITE"),
    );
    assert.ok(!existsSync(inFolder("new")));

    for (const moment of ["at once", "later"]) {
      const controller = new AbortController();
      let calls = 0;
      const onProgress = ({ tensorsDone, tensorCount }: Progress) => {
        calls++;
        if (moment === "at once" || tensorsDone > tensorCount / 2) controller.abort();
      };
      await assert.rejects(
        run("stopped", { recipe: TIES_CHAIN, signal: controller.signal, onProgress }),
        (error) => isMergeError(error, "INTERRUPTED"),
      );
      assert.ok(calls > 0);
      assert.ok(!existsSync(inFolder("stopped")));
      assert.deepEqual(hidden(inFolder()), []);
    }
  });

  it("removes the results that a killed run for the same output left, and no others", async () => {
    const before = new Date(Date.now() - 60_000);
    const leave = async (name: string, time: Date) => {
      await mkdir(inFolder(name, "mix"), { recursive: true });
      await writeFile(inFolder(name, "mix", "model.safetensors"), "half");
      for (const each of [[name, "mix", "model.safetensors"], [name, "mix"], [name]])
        await utimes(inFolder(...each), time, time);
    };
    await leave(".stockpot-again-Ab3dE6", before);
    const others = [".stockpot-again-then-Ab3dE6", ".stockpot-again-mine", ".stockpot-other-Ab3dE6"];
    for (const name of others) await leave(name, before);
    await leave(".stockpot-again-live99", new Date(Date.now() + 60_000));
    await run("again", { recipe: TIES_CHAIN });
    assert.deepEqual(hidden(inFolder()).sort(), [...others, ".stockpot-again-live99"].sort());
    for (const name of hidden(inFolder())) await rm(inFolder(name), { recursive: true });
  });

  it("refuses what it cannot write before the first merge", async () => {
    const full = async (...path: string[]) => {
      await mkdir(dirname(inFolder(...path)), { recursive: true });
      await writeFile(inFolder(...path), "mine");
    };
    await full("full", "mix", "note.txt");
    await full("taken", "note.txt");
    let progress = 0;
    const onProgress = () => progress++;
    const refusals: [out: string, parts: string, code: "SINK_EXISTS" | "SINK_IS_INPUT"][] = [
      ["fresh", "full", "SINK_EXISTS"],
      ["taken", "parts2", "SINK_EXISTS"],
      ["around", join("around", "parts"), "SINK_IS_INPUT"],
      [join("parts3", "mix"), "parts3", "SINK_IS_INPUT"],
      ["fresh", ".", "SINK_IS_INPUT"],
    ];
    for (const [out, keepIntermediate, code] of refusals) {
      const recipe =
        keepIntermediate === "."
          ? file(linear("ft1", { "./ft1": 1, ft2: 1 }), linear("", { ft1: 1, ft2: 1 }))
          : TIES_CHAIN;
      await assert.rejects(
        run(out, { recipe, keepIntermediate, onProgress, force: code === "SINK_IS_INPUT" }),
        (error) => isMergeError(error, code),
      );
    }
    assert.equal(progress, 0);
    assert.ok(
      !existsSync(inFolder("fresh")) && !existsSync(inFolder("parts2")) && !existsSync(inFolder("parts3")),
    );
  });
});

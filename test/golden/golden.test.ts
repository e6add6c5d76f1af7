import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { RecipeError } from "../../src/index.ts";
import type { AnyMethod } from "../../src/index.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { GOLDEN_ROOT, goldenCases, optionOf } from "./cases.ts";
import type { GoldenCase } from "./cases.ts";
import { compareFiles, compareTensors } from "./compare.ts";
import type { LargestError } from "./compare.ts";
import { hasGivenMasks, withGivenMasks } from "./given-masks.ts";
import { PENDING } from "./pending.ts";

/** mergekit's sizes: a number and a decimal unit. */
function bytesOf(size: string): number {
  const [, count = "", unit = ""] = /^(\d+)([kMGB]?)B?$/.exec(size) ?? [];
  const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, B: 1e9 };
  return Number(count) * (factors[unit] ?? NaN);
}

describe("golden files made by mergekit", () => {
  const inFolder = useTemporaryFolder();
  const table: string[][] = [["case", "largest error", "of tolerance", "tolerance", "where"]];
  const cases = goldenCases();

  async function runCase(golden: GoldenCase): Promise<LargestError> {
    const out = inFolder(golden.name);
    const shardSize = optionOf(golden, "--out-shard-size");
    const { recipe, methods } = prepare(golden);
    await runMerge(recipe, out, {
      cwd: GOLDEN_ROOT,
      methods,
      ...(shardSize === undefined ? {} : { maxShardBytes: bytesOf(shardSize) }),
    });
    const largest = compareTensors(out, golden);
    compareFiles(out, golden);
    return largest;
  }

  /** Random cases run with the masks that mergekit drew. */
  function prepare({ name, folder, recipe }: GoldenCase): { recipe: string; methods: AnyMethod[] } {
    if (!hasGivenMasks(folder) || PENDING[name] !== undefined) return { recipe, methods: [] };
    const text = readFileSync(recipe, "utf8");
    const method = /^merge_method: (\w+)$/m.exec(text)?.[1] ?? "";
    const path = inFolder(`${name}.yml`);
    writeFileSync(path, text.replace(`merge_method: ${method}`, `merge_method: ${method}_given`));
    return { recipe: path, methods: [withGivenMasks(folder, method)] };
  }

  function addRow({ name, expectation }: GoldenCase, { absolute, ofTolerance, where }: LargestError): void {
    const { atol, rtol } = expectation.tolerance;
    const share = ofTolerance === 0 ? "0" : ofTolerance.toFixed(3);
    table.push([name, absolute.toExponential(1), share, `${atol} + ${rtol} |x|`, where]);
  }

  for (const golden of cases) {
    const reason = PENDING[golden.name];
    it(`hold in case ${golden.name}${reason === undefined ? "" : ` (not yet: ${reason})`}`, async function () {
      if (reason !== undefined) {
        await assert.rejects(
          runCase(golden),
          RecipeError,
          "the case passes: take it off the list of pending ones",
        );
        this.skip();
      }
      const largest = await runCase(golden);
      addRow(golden, largest);
      assert.ok(largest.ofTolerance <= 1, `${largest.where} is off by ${largest.absolute}`);
    });
  }

  it("have no pending case that is not there", () => {
    const names = cases.map(({ name }) => name);
    for (const name of Object.keys(PENDING)) assert.ok(names.includes(name), name);
  });

  after(() => {
    const widths = table[0]?.map((_, k) => Math.max(...table.map((row) => row[k]?.length ?? 0))) ?? [];
    const lines = table.map((row) => row.map((cell, k) => cell.padEnd(widths[k] ?? 0)).join("  "));
    process.stdout.write(`\n${lines.map((line) => `    ${line.trimEnd()}`).join("\n")}\n\n`);
  });
});

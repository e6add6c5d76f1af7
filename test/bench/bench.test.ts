import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { median } from "../fixtures/measure.ts";
import { parseOptions } from "./options.ts";

const BENCH = fileURLToPath(new URL("./main.js", import.meta.url));

/** One pass and two passes over the inputs. */
const METHODS = ["model_stock", "linear"];

describe("the bench", () => {
  const inFolder = useTemporaryFolder();

  it("measures methods against cat and cp, and cleans up", function () {
    this.timeout(60_000);
    const args = [
      "--size",
      "tiny",
      "--rounds",
      "1",
      "--methods",
      METHODS.join(),
      "--dir",
      inFolder(),
      "--ram",
      inFolder(),
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [BENCH, ...args], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    for (const name of METHODS) {
      const rows = stdout.split("\n").filter((line) => line.startsWith(`| ${name} (`));
      assert.equal(rows.length, 2, `one row in RAM and one on disk of ${name}:\n${stdout}`);
      for (const row of rows) {
        const wallSeconds = Number(row.split("|")[3]);
        assert.ok(wallSeconds > 0 && wallSeconds < 30, row);
      }
    }
    assert.match(stdout, /model_stock \(2 passes\).* x \(2 cat \+ cp\)/);
    assert.match(stdout, /linear \(1 pass\).* x \(1 cat \+ cp\)/);
    assert.match(stdout, /Node v\d+/);
    assert.deepEqual(readdirSync(inFolder()), []);
  });

  it("keeps the checkpoints when asked to", function () {
    this.timeout(60_000);
    const args = ["--size", "tiny", "--rounds", "1", "--methods", "linear", "--dir", inFolder(), "--keep"];
    const { status, stderr } = spawnSync(process.execPath, [BENCH, ...args], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.ok(existsSync(inFolder("stockpot-bench-tiny", "ft2", "model.safetensors")));
  });

  it("refuses options that make no sense", () => {
    assert.throws(() => parseOptions(["--size", "huge"]), /there is no size huge/);
    assert.throws(() => parseOptions(["--methods", "linear,lineer"]), /there is no method lineer/);
    assert.throws(() => parseOptions(["--workers", "0"]), /positive integer/);
  });

  it("takes medians", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });
});

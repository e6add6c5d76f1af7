import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { PROGRAM } from "../fixtures/program.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { runCli } from "./captured-io.ts";

const isWindows = process.platform === "win32";

describe("stockpot alias", () => {
  const inFolder = useTemporaryFolder();
  /** A folder whose name has all that shells take for their own. */
  const bin = () => inFolder("it's a $bin");
  const launch = (program: string, ...args: string[]) =>
    promisify(execFile)(isWindows ? `${program}.cmd` : program, args, {
      cwd: inFolder(),
      shell: isWindows,
      env: { ...process.env, PATH: `${bin()}${delimiter}${process.env["PATH"] ?? ""}` },
    });

  before(async () => {
    await writeTinyFamily(inFolder("models"), { fineTunes: 2 });
    const { status, stdout } = await runCli(["alias", bin()]);
    assert.equal(status, 0);
    assert.deepEqual(
      stdout.trim().split("\n").sort(),
      readdirSync(bin())
        .map((name) => join(bin(), name))
        .sort(),
    );
  });

  it("explains its own --force", async () => {
    const { stdout } = await runCli(["alias", "--help"]);
    assert.match(stdout, /--force\s+Replace files of these names that are none of stockpot's\s+launchers\./);
    assert.match((await runCli(["merge", "--help"])).stdout, /--force\s+Write into OUT even/);
  });

  it("writes launchers for mergekit's programs, for shells and for Windows", () => {
    assert.deepEqual(readdirSync(bin()).sort(), [
      "mergekit-multi",
      "mergekit-multi.cmd",
      "mergekit-pytorch",
      "mergekit-pytorch.cmd",
      "mergekit-yaml",
      "mergekit-yaml.cmd",
    ]);
    if (!isWindows) assert.equal(statSync(join(bin(), "mergekit-yaml")).mode & 0o111, 0o111);
    const script = readFileSync(join(bin(), "mergekit-yaml.cmd"), "utf8");
    assert.ok(script.includes(`node "${PROGRAM}" merge %*\r\n`));
  });

  it("lets mergekit-yaml's command lines run as they are, paths with spaces included", async () => {
    await writeFile(
      inFolder("a recipe.yml"),
      "merge_method: linear\nmodels: [{model: models/ft1, parameters: {weight: 1}}]\n",
    );
    await launch(
      "mergekit-yaml",
      "a recipe.yml",
      "an output",
      "--copy-tokenizer",
      "--lazy-unpickle",
      "--cuda",
    );
    assert.ok(readdirSync(inFolder("an output")).includes("model.safetensors"));
  });

  it("lets mergekit-multi's command lines run as they are", async () => {
    await writeFile(
      inFolder("multi.yml"),
      "name: first\nmerge_method: linear\nmodels: [{model: models/ft1, parameters: {weight: 1}}]\n---\n" +
        "merge_method: slerp\nbase_model: first\nmodels: [{model: models/ft2}]\nparameters: {t: 0.5}\n",
    );
    await launch("mergekit-multi", "multi.yml", "--intermediate-dir", "./parts", "--out-path", "./final");
    assert.ok(readdirSync(inFolder("final")).includes("model.safetensors"));
    assert.deepEqual(readdirSync(inFolder("parts")), ["first"]);
  });

  it("replaces its own launchers, and no other program", async () => {
    assert.equal((await runCli(["alias", bin()])).status, 0);
    await mkdir(inFolder("other"));
    await writeFile(inFolder("other", "mergekit-multi"), "#!/bin/sh\nexec python\n");
    const refused = await runCli(["alias", inFolder("other")]);
    assert.equal(refused.status, 8);
    assert.match(refused.stderr, /SINK_EXISTS {2}.*mergekit-multi is there/);
    assert.deepEqual(readdirSync(inFolder("other")), ["mergekit-multi"]);
    assert.equal((await runCli(["alias", inFolder("other"), "--force"])).status, 0);
    assert.equal(readdirSync(inFolder("other")).length, 6);
  });

  it("says why a folder cannot be written", async () => {
    await writeFile(inFolder("file"), "");
    const { status, stderr } = await runCli(["alias", inFolder("file")]);
    assert.equal(status, 8);
    assert.match(stderr, /SINK_UNWRITABLE {2}Cannot write .*mergekit-yaml/);
  });
});

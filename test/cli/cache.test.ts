import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CachedRepository } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeCached } from "../hub/write-cache.ts";
import { runCli } from "./captured-io.ts";

const [old, current] = ["1".repeat(40), "2".repeat(40)];
const config = Buffer.from("{}\n");
const [oldWeights, newWeights] = [Buffer.alloc(1500, 1), Buffer.alloc(2500, 2)];
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("stockpot cache", () => {
  const temporary = useTemporaryFolder();
  const cache = () => temporary("home", "hub");
  let folder: string;
  const run = (args: string[], answer?: string) =>
    runCli(["cache", ...args], {
      environment: { HF_HOME: temporary("home") },
      ...(answer !== undefined && { answer }),
    });

  beforeEach(async () => {
    await rm(cache(), { recursive: true, force: true });
    await writeCached(cache(), "org/model", {
      commit: old,
      files: { "config.json": config, "model.safetensors": oldWeights },
    });
    folder = await writeCached(cache(), "org/model", {
      commit: current,
      ref: "refs/pr/1",
      files: { "config.json": config, "model.safetensors": newWeights },
    });
    await writeFile(join(folder, "refs", "main"), current);
    await writeCached(cache(), "org/other", {
      commit: old,
      ref: "main",
      files: { "sub/a.bin": Buffer.alloc(10) },
    });
    await mkdir(join(cache(), ".locks", "models--org--model"), { recursive: true });
  });

  it("lists models with sizes, revisions, branches, and what broken-off downloads left", async () => {
    const file = await open(join(folder, "blobs", "abc.incomplete"), "w");
    await file.write(Buffer.alloc(8192, 1));
    await file.truncate(1e9);
    await file.close();
    const { status, stdout, stderr } = await run(["list"]);
    assert.equal(status, 0, stderr);
    // 3 + 1500 + 2500 bytes of contents, the shared config once, and two blocks of the file that is to be 1 GB long.
    assert.match(stdout, /^ {2}org\/model +12\.2 kB {2}8\.19 kB of incomplete downloads$/m);
    assert.match(stdout, /^ {4}111111111111 +1\.50 kB {2}2 files$/m);
    assert.match(stdout, /^ {4}222222222222 main refs\/pr\/1 +2\.50 kB {2}2 files$/m);
    assert.match(stdout, /^2 models, 12\.2 kB in .*hub$/m);
    const { folder: listed, repositories } = JSON.parse((await run(["list", "--json"])).stdout) as {
      folder: string;
      repositories: CachedRepository[];
    };
    assert.equal(listed, cache());
    assert.deepEqual(repositories[1]?.revisions[0]?.files, [
      { name: "sub/a.bin", byteLength: 10, blob: sha256(Buffer.alloc(10)) },
    ]);
    assert.match((await run(["list", "org/model"])).stdout, /^ {6}model\.safetensors +1\.50 kB$/m);
  });

  it("says so when there is nothing", async () => {
    await rm(cache(), { recursive: true });
    assert.equal((await run(["list"])).stdout, `There is no model in ${cache()}\n`);
    assert.match((await run(["verify"])).stdout, /^All right: 0 files/);
  });

  it("verifies contents by SHA-256 and by git's hash, and names the file that is wrong or missing", async () => {
    const right = await run(["verify"]);
    assert.equal(right.status, 0);
    assert.equal(right.stdout, "All right: 4 files (4.01 kB) read\n");
    const weights = join(folder, "blobs", sha256(newWeights));
    await writeFile(weights, Buffer.alloc(2500, 3));
    await rm(join(folder, "blobs", sha256(oldWeights)));
    const { status, stdout } = await run(["verify", "org/model"]);
    assert.equal(status, 4);
    assert.match(
      stdout,
      new RegExp(`${sha256(newWeights).slice(0, 12)} \\(model.safetensors@2222222\\) has other bytes`),
    );
    assert.match(
      stdout,
      new RegExp(`${sha256(oldWeights).slice(0, 12)} \\(model.safetensors@1111111\\) is missing`),
    );
    assert.match(stdout, /stockpot cache remove org\/model && stockpot pull org\/model/);
    assert.equal((await run(["verify", "org/model@main", "--json"])).status, 4);
    assert.equal((await run(["verify", "org/other"])).status, 0);
  });

  it("removes a revision with what no other revision needs", async () => {
    const { status, stdout, stderr } = await run(["remove", "org/model@1111111", "--yes"]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "Removed org/model (revision 1111111, 1.50 kB)\n");
    assert.deepEqual(readdirSync(join(folder, "snapshots")), [current]);
    assert.equal(readdirSync(join(folder, "blobs")).length, 2);
    assert.match((await run(["verify"])).stdout, /^All right: 3 files/);
    await run(["remove", "org/model@main", "--yes"]);
    assert.equal(existsSync(folder), false);
  });

  it("lets be what Python notes of files that a revision lacks, and removes it with the revision", async () => {
    for (const commit of [old, current]) {
      const absences = join(folder, ".no_exist", commit);
      await mkdir(join(absences, "1_Pooling"), { recursive: true });
      for (const name of ["adapter_config.json", "1_Pooling/config.json"])
        await writeFile(join(absences, name), "");
    }
    assert.match((await run(["verify"])).stdout, /^All right: 4 files/);
    assert.match((await run(["list", "org/model"])).stdout, /^ {2}org\/model +4\.00 kB$/m);
    await run(["remove", "org/model@1111111", "--yes"]);
    assert.deepEqual(readdirSync(join(folder, ".no_exist")), [current]);
    await run(["remove", "org/model", "--yes"]);
    assert.equal(existsSync(folder), false);
  });

  it("removes a model when the user says yes, and only then", async () => {
    for (const answer of ["", "n", "no"]) {
      assert.match((await run(["remove", "org/model"], answer)).stderr, /nothing was removed/);
      assert.ok(existsSync(folder));
    }
    const unasked = await run(["remove", "org/model"]);
    assert.equal(unasked.status, 2);
    assert.match(unasked.stderr, /add --yes/);
    assert.match(
      (await run(["remove", "org/model"], "y")).stdout,
      /^Removed org\/model \(2 revisions, 4\.00 kB\)$/m,
    );
    assert.equal(existsSync(folder), false);
    assert.deepEqual(readdirSync(cache()).sort(), [".locks", "models--org--other"]);
    assert.deepEqual(readdirSync(join(cache(), ".locks")), []);
  });

  it("removes a link to a model's folder, not what it leads to", async () => {
    await mkdir(temporary("disk", "blobs"), { recursive: true });
    await writeFile(temporary("disk", "kept"), "kept");
    await symlink(temporary("disk"), join(cache(), "models--org--linked"));
    assert.equal((await run(["remove", "org/linked", "--yes"])).status, 0);
    assert.ok(existsSync(temporary("disk", "kept")));
  });

  it("explains what it does not know", async () => {
    assert.match((await run(["remove", "org/modle", "--yes"])).stderr, /Did you mean "org\/model"\?/);
    assert.match(
      (await run(["verify", "org/model@v3"])).stderr,
      /It has: 111111111111, 222222222222 main refs\/pr\/1/,
    );
    assert.match((await run(["clean"])).stderr, /list, remove, verify/);
    assert.match((await run(["remove"])).stderr, /stockpot cache remove org\/name/);
    assert.match((await run(["remove", "../..", "--yes"])).stderr, /is not in the cache/);
  });
});

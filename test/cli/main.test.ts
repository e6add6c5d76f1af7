import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { PROGRAM } from "../fixtures/program.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

function start(...args: string[]): ChildProcess & { readonly output: () => string } {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => (text += part.toString()));
  return Object.assign(child, { output: () => text });
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));

/** A model of zeros that takes no room on the disk, large enough that its merge can be interrupted. */
async function writeSparseModel(folder: string): Promise<void> {
  const [tensorCount, rows] = [32, 4096];
  const byteLength = rows * rows * 4;
  const entries = Array.from({ length: tensorCount }, (_, i) => [
    `layers.${i}.weight`,
    { dtype: "F32", shape: [rows, rows], data_offsets: [i * byteLength, (i + 1) * byteLength] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await mkdir(folder, { recursive: true });
  const file = await open(`${folder}/model.safetensors`, "w");
  await file.write(Buffer.concat([length, header]));
  await file.truncate(8 + header.length + tensorCount * byteLength);
  await file.close();
}

describe("The program", function () {
  this.timeout(60_000);
  const inFolder = useTemporaryFolder();

  before(async () => {
    for (const name of ["a", "b"]) await writeSparseModel(inFolder(name));
    const models = ["a", "b"].map((name) => `  - model: ${inFolder(name)}\n    parameters: {weight: 0.5}\n`);
    await writeFile(inFolder("recipe.yml"), `merge_method: linear\nmodels:\n${models.join("")}`);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`stops on ${signal}, removes its temporary files and says so`, async () => {
      const out = inFolder(`out-${signal}`);
      const child = start("merge", inFolder("recipe.yml"), out, "--tile-bytes", "64k", "--workers", "1");
      const exit = exitOf(child);
      while (!existsSync(out) && child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill(signal);
      assert.equal(await exit, 130, child.output());
      assert.match(
        child.output(),
        /stopping; .*\n(.*\n)*INTERRUPTED {2}The run was stopped; its temporary files were removed, downloads are kept/,
      );
      assert.ok(!existsSync(out));
    });
  }

  it("ends quietly when the reader of its output goes away", async () => {
    const child = start("plan", "recipes/glyphs-model-stock.yml", "--json");
    child.stdout?.destroy();
    assert.equal(await exitOf(child), 0);
    assert.equal(child.output(), "");
  });
});

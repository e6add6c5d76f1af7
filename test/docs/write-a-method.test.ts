import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { merge } from "../../src/index.ts";
import { PROGRAM } from "../fixtures/program.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

const run = promisify(execFile);

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const fences = page.matchAll(/^```(\w+)\n([^]*?)^```$/gm);
  return [...fences].map(([, language = "", text = ""]) => ({ language, text }));
}

describe("docs/write-a-method.md", () => {
  const inFolder = useTemporaryFolder();
  const blocks = blocksOf(readFileSync("docs/write-a-method.md", "utf8"));
  const outputs: string[] = [];

  /** The file that a block says it is. */
  const fileOf = ({ language, text }: Block) =>
    language === "json" ? "golden.json" : /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1];

  before(async () => {
    await mkdir(inFolder("node_modules"));
    await symlink(resolve("."), inFolder("node_modules", "stockpot"), "junction");
    await symlink(resolve("demo"), inFolder("demo"), "junction");
    await writeFile(inFolder("package.json"), '{ "type": "module" }');
  });

  for (const [i, block] of blocks.entries()) {
    if (block.language !== "sh") {
      it(`writes block ${i + 1}, ${fileOf(block) ?? "nameless"}`, async () => {
        const name = fileOf(block);
        assert.ok(name !== undefined, block.text);
        await writeFile(inFolder(name), block.text);
      });
      continue;
    }
    for (const command of block.text.trim().split("\n")) {
      it(`runs ${command}`, async () => {
        const args = command.replace("npx stockpot", PROGRAM).split(" ");
        const { stdout } = await run(process.execPath, args[0] === "node" ? args.slice(1) : args, {
          cwd: inFolder(),
        });
        outputs.push(stdout);
      });
    }
  }

  it("shows the method, and where its code comes from", () => {
    const [shown = "", planned = "", , tested = ""] = outputs;
    assert.match(shown, /Unanimous {2}unanimous/);
    assert.match(planned, /code +\.\/unanimous\.js, SHA-256/);
    assert.match(tested, /# pass 1\n# fail 0/);
  });

  it("moves the tensors of the demo as the formula says", () => {
    const [base, a, b, out] = ["demo/glyphs/base", "demo/glyphs/ft1", "demo/glyphs/ft2", "merged"].map(
      (name) => readWeights(inFolder(name)).get("vision_model.encoder.layers.0.mlp.fc1.weight"),
    );
    assert.ok(base !== undefined && out !== undefined);
    let moved = 0;
    out.values.forEach((value, k) => {
      const [o = NaN, x = NaN, y = NaN] = [base.values[k], a?.values[k], b?.values[k]];
      const agree = (x - o) * (y - o) > 0;
      if (agree) moved++;
      const expected = agree ? o + (x - o + y - o) / 2 : o;
      // Values of the demo are F32 or narrower; the mean is computed in f32.
      assert.ok(Math.abs(value - expected) <= 2 ** -8 * Math.abs(expected), `${k}: ${value}, ${expected}`);
    });
    assert.ok(moved > 0 && moved < out.values.length);
  });

  for (const [file, method, parameters] of [
    ["./unanimous-trimmed.js", "unanimous_trimmed", { least: 0.5 }],
    ["./shrunk.js", "shrunk_mean", {}],
  ] as const) {
    it(`merges with ${file} otherwise than without its statistics`, async () => {
      const recipe = {
        methods: [file],
        merge_method: method,
        base_model: "demo/glyphs/base",
        models: [{ model: "demo/glyphs/ft1" }, { model: "demo/glyphs/ft2" }],
        parameters,
      };
      const report = await merge({
        recipe: { text: JSON.stringify(recipe) },
        cwd: inFolder(),
        out: method,
        allowCode: true,
      });
      const name = "vision_model.encoder.layers.0.mlp.fc1.weight";
      const [base, merged, plain] = ["demo/glyphs/base", method, "merged"].map(
        (folder) => readWeights(inFolder(folder)).get(name)?.values,
      );
      assert.equal(report.mergeMethod, method);
      assert.notDeepEqual(merged, plain);
      assert.notDeepEqual(merged, base);
    });
  }
});

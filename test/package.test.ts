import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { writeTinyFamily } from "./fixtures/tiny-models.ts";

const execute = promisify(execFile);
// npm may have to ask a registry for the dependencies.
const INSTALL_TIMEOUT_MS = 240_000;

const npm = (cwd: string, command: string, ...args: string[]) =>
  execute(command, args, { cwd, shell: process.platform === "win32" });

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe("The npm package", function () {
  this.timeout(INSTALL_TIMEOUT_MS);
  const inFolder = useTemporaryFolder();
  let packedFiles: readonly string[] = [];
  let tarball = "";

  before(async () => {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", inFolder()];
    const { stdout } = await npm(process.cwd(), "npm", ...args);
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    tarball = inFolder(packed.filename);
    packedFiles = packed.files.map(({ path }) => path);
  });

  it("holds the program, its types, schemas, recipes and the papers, and nothing else", async () => {
    const sources = (await listFiles("src")).filter(
      (path) => !/^src\/(gen|kernels\/assembly)\//.test(path) && !path.endsWith(".d.ts"),
    );
    const declared = sources.map((path) => `dist/${path.replace(/\.ts$/, ".d.ts")}`);
    const expected = [
      ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"],
      ...(await listFiles("dist/lib")),
      ...declared,
      ...(await listFiles("schemas")),
      ...(await listFiles("recipes")),
    ];
    assert.deepEqual([...packedFiles].sort(), expected.sort());
  });

  it("is described by package.json as bundlers and Node expect", async () => {
    const { messages } = await publint({ pkgDir: process.cwd(), level: "warning" });
    assert.deepEqual(messages, []);
  });

  describe("installed from its tarball", () => {
    const inApp = (...parts: string[]) => inFolder("app", ...parts);
    const npx = (...args: string[]) => npm(inApp(), "npx", "--no-install", "stockpot", ...args);

    before(async () => {
      await writeTinyFamily(inApp("models"), { fineTunes: 2 });
      await writeFile(inApp("package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
      await npm(inApp(), "npm", "install", tarball, "--no-audit", "--no-fund", "--prefer-offline");
      const models = ["ft1", "ft2"].map((name) => `  - model: ./models/${name}\n`);
      await writeFile(inApp("recipe.yml"), `base_model: ./models/base\nmodels:\n${models.join("")}`);
    });

    it("answers npx stockpot --version", async () => {
      const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
      assert.equal((await npx("--version")).stdout, `${version}\n`);
    });

    it("merges with npx stockpot merge", async () => {
      await npx("merge", "recipe.yml", "out");
      const written = await readdir(inApp("out"));
      assert.ok(written.includes("model.safetensors") && written.includes("config.json"), written.join());
    });

    it("merges when imported, and gives the same bytes", async () => {
      const program = [
        'import { merge } from "stockpot";',
        'await merge({ recipe: "recipe.yml", out: "imported" });',
      ];
      await writeFile(inApp("merge.js"), program.join("\n"));
      await execute(process.execPath, ["merge.js"], { cwd: inApp() });
      const bytesIn = (folder: string) => readFile(inApp(folder, "model.safetensors"));
      assert.deepEqual(await bytesIn("imported"), await bytesIn("out"));
    });

    it("has types that a TypeScript program can use", async () => {
      const program = [
        'import { defineMethod, merge, parseRecipe, plan } from "stockpot";',
        'import type { MergePlan } from "stockpot";',
        "export const names = [defineMethod, merge, parseRecipe, plan].map((each) => each.name);",
        "export const tensorCount = (made: MergePlan): number => made.tensors.length;",
        "// @ts-expect-error -- a recipe is required",
        'export const wrong = merge({ out: "merged" });',
      ];
      await writeFile(inApp("use.ts"), program.join("\n"));
      const modules = resolve("node_modules");
      const types = ["--types", "node", "--typeRoots", join(modules, "@types")];
      const options = [
        "--noEmit",
        "--strict",
        "--module",
        "nodenext",
        "--target",
        "es2023",
        "--skipLibCheck",
      ];
      const compiler = join(modules, "typescript/bin/tsc");
      // The compiler prints what is wrong on standard output, which the error of a failed run does not show.
      const { stdout } = await execute(process.execPath, [compiler, ...options, ...types, "use.ts"], {
        cwd: inApp(),
      }).catch((error: unknown) => error as { stdout: string });
      assert.equal(stdout, "");
    });
  });
});

// Compiles the kernels (AssemblyScript to WebAssembly) and the TypeScript of src/ and test/ into dist/, and removes
// what an earlier build made of files that are gone.
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./ensure.mjs";

const dist = join(root, "dist");
const assembly = "src/kernels/assembly";
const wasm = join(dist, "src/kernels/kernels.wasm");
const asc = [
  ["--outFile", wasm],
  ["--optimizeLevel", "3"],
  ["--runtime", "stub"],
  ["--enable", "simd"],
  ["--importMemory"],
  ["--noAssert"],
].flat();

const runTool = (script, args) => run(process.execPath, [join(root, "node_modules", script), ...args]);

function compileKernels() {
  const sources = readdirSync(join(root, assembly)).map((name) => join(root, assembly, name));
  const newest = Math.max(
    ...[...sources, join(root, "scripts/build.mjs")].map((path) => statSync(path).mtimeMs),
  );
  if (existsSync(wasm) && statSync(wasm).mtimeMs >= newest) return;
  mkdirSync(join(dist, "src/kernels"), { recursive: true });
  runTool("assemblyscript/bin/asc.js", [`${assembly}/index.ts`, ...asc]);
}

/** A compiled test of a removed source would go on passing. */
function removeOrphans(folder) {
  if (!existsSync(join(dist, folder))) return;
  for (const entry of readdirSync(join(dist, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    const source = path.replace(/(\.d\.ts|\.js)$/, ".ts");
    if (entry.isDirectory()) removeOrphans(path);
    if (source !== path && !existsSync(join(root, source))) rmSync(join(dist, path));
  }
}

removeOrphans("src");
removeOrphans("test");
compileKernels();
runTool("typescript/bin/tsc", ["-p", "tsconfig.json"]);
const main = join(dist, "src/cli/main.js");
if (existsSync(main)) chmodSync(main, 0o755);
writeFileSync(join(dist, ".stamp"), "");

// Compiles the kernels (AssemblyScript to WebAssembly) and the TypeScript of src/ and test/ into dist/.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./ensure.mjs";

function run(script, args) {
  const result = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const assembly = join(root, "src/kernels/assembly");
const wasm = join(root, "dist/src/kernels/kernels.wasm");
mkdirSync(join(root, "dist/src/kernels"), { recursive: true });
const newest = Math.max(0, ...readdirSync(assembly).map((name) => statSync(join(assembly, name)).mtimeMs));
if (existsSync(join(assembly, "index.ts")) && (!existsSync(wasm) || statSync(wasm).mtimeMs < newest)) {
  run("assemblyscript/bin/asc.js", [
    "src/kernels/assembly/index.ts",
    "--outFile",
    wasm,
    "--optimizeLevel",
    "3",
    "--runtime",
    "stub",
    "--enable",
    "simd",
    "--importMemory",
    "--noAssert",
  ]);
}
run("typescript/bin/tsc", ["-p", "tsconfig.json"]);
writeFileSync(join(root, "dist", ".stamp"), "");

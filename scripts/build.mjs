// Compiles the kernels (AssemblyScript to WebAssembly) and the TypeScript of src/ and test/ into dist/, removes what an
// earlier build made of files that are gone, and joins the modules into the few files of dist/lib that are published.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
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

/**
 * A file for the program, the API, the toolkit of methods and each thread, and a few that they share: hundreds of modules
 * take longer to load than a small merge. All lie in one folder, as their sources may not, so threads need names of their own.
 */
async function bundle() {
  const { build } = await import("esbuild");
  const source = join(dist, "src");
  const lib = join(dist, "lib");
  const threads = readdirSync(source, { recursive: true }).filter((path) => path.endsWith("worker.js"));
  const entries = ["cli/main.js", "index.js", "methods/toolkit.js", ...threads];
  const entryPoints = Object.fromEntries(entries.map((path) => [basename(path, ".js"), join(source, path)]));
  if (Object.keys(entryPoints).length < entries.length)
    throw new Error(`two of one name: ${entries.join(", ")}`);
  rmSync(lib, { recursive: true, force: true });
  await build({
    ...{ entryPoints, outdir: lib, bundle: true, splitting: true, packages: "external" },
    ...{ format: "esm", platform: "node", target: "node20.19", logLevel: "warning" },
  });
  copyFileSync(wasm, join(lib, basename(wasm)));
  chmodSync(join(lib, "main.js"), 0o755);
}

removeOrphans("src");
removeOrphans("test");
compileKernels();
runTool("typescript/bin/tsc", ["-p", "tsconfig.json"]);
await bundle();
writeFileSync(join(dist, ".stamp"), "");

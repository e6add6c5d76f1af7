// Writes what is generated from the descriptors, the grammar and the table of errors; --check only compares.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedFiles, METHODS_FOLDER } from "./files.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const files = generatedFiles(root);

const isStale = (path: string) =>
  !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== files.get(path);
const stale = [...files.keys()].filter(isStale);

const folder = join(root, METHODS_FOLDER);
const present = existsSync(folder) ? readdirSync(folder).map((name) => `${METHODS_FOLDER}/${name}`) : [];
const left = present.filter((path) => !files.has(path));

if (process.argv.includes("--check")) {
  for (const path of [...stale, ...left]) console.log(`stale: ${path}`);
  if (stale.length + left.length > 0) process.exitCode = 1;
} else {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? "");
    console.log(`wrote ${path}`);
  }
  for (const path of left) {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}

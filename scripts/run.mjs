// Runs a built program: node scripts/run.mjs dist/... [arguments]
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { ensureBuilt, root } from "./ensure.mjs";

ensureBuilt();
const [program, ...rest] = process.argv.slice(2);
const path = join(root, program);
process.argv = [process.argv[0], path, ...rest];
await import(pathToFileURL(path).href);

// npm run demo: installs and builds if need be, then merges the family in demo/ into demo-out/.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt, root } from "./ensure.mjs";

ensureBuilt();
process.chdir(root);
const main = join(root, "dist/src/cli/main.js");
const args = ["merge", "recipes/glyphs-model-stock.yml", "demo-out", "--force"];
process.stdout.write(`$ npx stockpot ${args.join(" ")}\n\n`);
process.argv = [process.argv[0], main, ...args, ...process.argv.slice(2)];
await import(pathToFileURL(main).href);

// npm run demo: installs and builds if need be, then merges the family in demo/ into demo-out/, scores the result, and
// compares it with what else can be made of the same models. --update keeps the comparison for the README.
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt, root, run } from "./ensure.mjs";

const COMMANDS = [
  ["merge", "recipes/glyphs-model-stock.yml", "demo-out", "--force"],
  ["evaluate", "demo-out", "--data", "demo/glyphs/data"],
  ["compare", "recipes/glyphs-compare.yml", "demo-report", "--force"],
];

ensureBuilt();
process.chdir(root);
const started = performance.now();
const update = process.argv.includes("--update");
for (const args of COMMANDS) {
  process.stdout.write(`$ npx stockpot ${args.join(" ")}\n\n`);
  const { status } = spawnSync(process.execPath, [join(root, "dist/lib/main.js"), ...args], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  process.stdout.write("\n");
}
if (update) {
  copyFileSync("demo-report/report.json", "demo/glyphs/report.json");
  run(process.execPath, [join(root, "dist/src/gen/main.js")]);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `Open the report: ${pathToFileURL(join(root, "demo-report/report.html")).href}\n${seconds} s in all\n`,
);

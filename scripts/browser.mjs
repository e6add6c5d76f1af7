// npm run test:browser: looks at the report in a real browser. Where there is none it says so and passes; CHROMIUM names
// one that is not on the path.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, root } from "./ensure.mjs";

const candidates = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"];

/** The whole path: a browser is started from a folder of its own. */
function find(command) {
  if (command === undefined || spawnSync(command, ["--version"], { stdio: "ignore" }).status !== 0)
    return undefined;
  const where = spawnSync("which", [command], { encoding: "utf8" }).stdout.trim();
  return where === "" ? command : where;
}

const browser = candidates.map(find).find((path) => path !== undefined);
if (browser === undefined) {
  console.log(`browser tests skipped: none of ${candidates.filter(Boolean).join(", ")} is on the path`);
  process.exit(0);
}
ensureBuilt();
const mocha = join(root, "node_modules/mocha/bin/mocha.js");
const options = ["--no-config", "--forbid-only", "--fail-zero", "--timeout", "120000", "--exit"];
const result = spawnSync(process.execPath, [mocha, ...options, "dist/test/browser/**/*.test.js"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, CHROMIUM: browser },
});
process.exit(result.status ?? 1);

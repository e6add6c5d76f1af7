// npm test: installs and builds if need be, then runs every compiled test; arguments go to mocha.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, root } from "./ensure.mjs";

ensureBuilt();
const mocha = join(root, "node_modules/mocha/bin/mocha.js");
const result = spawnSync(process.execPath, [mocha, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(result.status ?? 1);

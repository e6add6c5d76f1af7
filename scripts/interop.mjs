// npm run test:interop: checks against Python's own readers. Installs what they need into dist/python once;
// where there is no Python, or the packages cannot be had, it says so and passes.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, root } from "./ensure.mjs";

const PACKAGES = ["numpy", "safetensors", "ml_dtypes", "tokenizers", "jinja2", "huggingface_hub"];
const packagesFolder = join(root, "dist", "python");
const environment = { ...process.env, PYTHONPATH: packagesFolder };

function skip(reason) {
  console.log(`interoperability tests skipped: ${reason}`);
  process.exit(0);
}

const works = (command, args) => spawnSync(command, args, { env: environment, stdio: "ignore" }).status === 0;

ensureBuilt();
const python = [process.env.PYTHON, "python3", "python"].find(
  (command) => command && works(command, ["-c", "import sys; assert sys.version_info >= (3, 9)"]),
);
if (python === undefined) skip("no Python 3.9 or newer on the path");
const importAll = ["-c", `import ${PACKAGES.join(", ")}`];
if (!works(python, importAll)) {
  console.error(`installing ${PACKAGES.join(", ")} for ${python} ...`);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", packagesFolder];
  spawnSync(python, [...pip, ...PACKAGES], { stdio: ["ignore", 2, 2] });
  if (!works(python, importAll)) skip(`${PACKAGES.join(", ")} could not be installed`);
}
if (!existsSync(join(root, "dist/test/interop"))) skip("there are none");
const mocha = join(root, "node_modules/mocha/bin/mocha.js");
const options = ["--no-config", "--check-leaks", "--forbid-only", "--fail-zero", "--timeout", "120000"];
const result = spawnSync(
  process.execPath,
  [mocha, ...options, "dist/test/interop/**/*.test.js", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: { ...environment, PYTHON: python } },
);
process.exit(result.status ?? 1);

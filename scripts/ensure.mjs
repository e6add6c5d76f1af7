// Makes a clone ready to run: installs what the lock file names when something else is installed, builds when a source
// is newer than the build. Uses Node's own modules only, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the repository root with its output on stderr, and ends this program if it fails. */
export function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    console.error(`${command} ${args.join(" ")} failed`);
    process.exit(result.status ?? 1);
  }
}

function packagesOf(lockFile) {
  const path = join(root, lockFile);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

/** npm writes the hidden lock file last, so an interrupted installation does not pass for a complete one. */
function isInstalled() {
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(packagesOf("package-lock.json")).every(
    ([path, { version, optional }]) =>
      path === "" || installed[path]?.version === version || (optional && !(path in installed)),
  );
}

export function ensureInstalled() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Stockpot needs Node 20.19 or newer; this is ${process.version}.`);
    process.exit(2);
  }
  if (isInstalled()) return;
  console.error("installing dependencies (npm ci) ...");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** A folder's own time counts too: it changes when a file in it is removed. */
function newestMtime(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMtime(join(path, name))));
}

export function ensureBuilt() {
  ensureInstalled();
  const inputs = ["src", "test", "scripts/build.mjs", "tsconfig.json", "package.json"].map((name) =>
    join(root, name),
  );
  const stamp = join(root, "dist", ".stamp");
  const newest = Math.max(...inputs.filter(existsSync).map(newestMtime));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  console.error("building ...");
  run(process.execPath, [join(root, "scripts", "build.mjs")]);
}

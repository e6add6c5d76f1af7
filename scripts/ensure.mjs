// Makes a clone ready to run: installs dependencies when the lock file is newer than the installation, builds when a
// source is newer than the build. Uses Node's own modules only, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, args) {
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

function newestMtime(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMtime(join(path, name))));
}

const mtime = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export function ensureInstalled() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Stockpot needs Node 20.19 or newer; this is ${process.version}.`);
    process.exit(2);
  }
  const stamp = join(root, "node_modules", ".stockpot-installed");
  if (mtime(stamp) >= mtime(join(root, "package-lock.json"))) return;
  console.error("installing dependencies (npm ci) ...");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, "");
}

export function ensureBuilt() {
  ensureInstalled();
  const inputs = ["src", "test", "scripts/build.mjs", "tsconfig.json", "package.json"].map((name) =>
    join(root, name),
  );
  const stamp = join(root, "dist", ".stamp");
  if (mtime(stamp) >= Math.max(...inputs.filter(existsSync).map(newestMtime))) return;
  console.error("building ...");
  run(process.execPath, [join(root, "scripts", "build.mjs")]);
}

// npm run bench: merges of large seeded checkpoints against `cat` and `cp` of the same bytes, in one run.
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { makeCheckpoints, modelBytes, SIZES } from "./checkpoints.ts";
import { hasCommand } from "../fixtures/measure.ts";
import { parseOptions, USAGE } from "./options.ts";
import type { BenchOptions } from "./options.ts";
import { prepare, runRounds, warm } from "./rounds.ts";
import type { Target } from "./rounds.ts";
import { machineLine, resultTable } from "./table.ts";

const log = (line: string) => void process.stderr.write(`${line}\n`);
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Output folders that have room, each new and empty; says why one is left out. */
function openTargets({ folder, ramFolder }: BenchOptions, outputBytes: number): Target[] {
  const open = (name: string, parent: string): Target[] => {
    if (freeBytes(parent) < outputBytes * 1.05) {
      log(`no output on ${name}: ${parent} has less than ${gigabytes(outputBytes)} free`);
      return [];
    }
    return [{ name, folder: mkdtempSync(join(parent, "stockpot-bench-out-")) }];
  };
  if (ramFolder === undefined) log("no output in RAM: no RAM-backed folder found; name one with --ram");
  return [...(ramFolder === undefined ? [] : open("RAM", ramFolder)), ...open("disk", folder)];
}

async function bench(options: BenchOptions): Promise<void> {
  const size = SIZES[options.size];
  if (size === undefined) throw new Error(USAGE);
  mkdirSync(options.folder, { recursive: true });
  const machine = machineLine(); // with the load before the bench adds its own
  const bytes = modelBytes(size);
  let targets: Target[] = [];
  try {
    log(`checkpoints: 3 x ${gigabytes(bytes)} in ${options.folder}`);
    const checkpoints = makeCheckpoints(options.folder, options.size, size, options.seed);
    targets = openTargets(options, bytes);
    await warm(checkpoints);
    const contestants = options.methods.map((method) => prepare(method, checkpoints, options.folder));
    const withReference = hasCommand("cat") && hasCommand("cp");
    if (!withReference) log("no reference: this system has no cat and cp");
    const hasSync = hasCommand("sync");
    const measured = runRounds({ checkpoints, contestants, targets, options, withReference, hasSync, log });
    process.stdout.write(
      `\n${machine}\n3 x ${gigabytes(bytes)} BF16 (${options.size}, seed ${String(options.seed)}), ` +
        `${String(options.workers)} workers, medians of ${String(options.rounds)} rounds, inputs in the page cache\n\n` +
        `${resultTable(measured, contestants, targets, 3 * bytes)}\n`,
    );
  } finally {
    for (const { folder } of targets) rmSync(folder, { recursive: true, force: true });
    if (!options.keep) rmSync(options.folder, { recursive: true, force: true });
  }
}

// An interrupted child makes its measurement fail, and the folders are removed on the way out.
process.on("SIGINT", () => undefined);
const args = process.argv.slice(2);
if (args.includes("--help")) process.stdout.write(`${USAGE}\n`);
else await bench(parseOptions(args));

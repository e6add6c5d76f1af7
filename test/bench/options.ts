import { existsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { METHODS } from "../../src/methods/index.ts";
import { SIZES } from "./checkpoints.ts";

export interface BenchOptions {
  readonly size: string;
  readonly methods: readonly string[];
  readonly workers: number;
  readonly rounds: number;
  readonly seed: number;
  /** Where the checkpoints lie and the output on disk goes; made and removed by the bench. */
  readonly folder: string;
  /** RAM-backed folder; undefined where the system has none. */
  readonly ramFolder: string | undefined;
  readonly keep: boolean;
}

export const USAGE = `npm run bench -- [options]
  --size NAME       ${Object.keys(SIZES).join(", ")} (default 1.1B)
  --methods A,B     merge methods, or all (default model_stock,linear)
  --workers N       worker threads (default: the number of cores)
  --rounds N        how often everything is measured (default 5)
  --seed N          of the checkpoints (default 1)
  --dir FOLDER      parent of the folder for checkpoints and output (default: the temporary folder)
  --ram FOLDER      RAM-backed folder for output (default /dev/shm where there is one)
  --keep            keep the checkpoints; a later run with the same size and seed uses them`;

function positiveInteger(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} needs a positive integer\n${USAGE}`);
  return value;
}

/** Reads the options; throws an Error whose message shows the usage. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: "string", default: "1.1B" },
      methods: { type: "string", default: "model_stock,linear" },
      workers: { type: "string", default: String(availableParallelism()) },
      rounds: { type: "string", default: "5" },
      seed: { type: "string", default: "1" },
      dir: { type: "string" },
      ram: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  const { size } = values;
  if (!Object.hasOwn(SIZES, size)) throw new Error(`there is no size ${size}\n${USAGE}`);
  const known = METHODS.map(({ name }) => name);
  const methods = values.methods === "all" ? known : values.methods.split(",");
  const unknown = methods.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no method ${unknown}; known: ${known.join(", ")}`);
  return {
    size,
    methods,
    workers: positiveInteger(values.workers, "workers"),
    rounds: positiveInteger(values.rounds, "rounds"),
    seed: positiveInteger(values.seed, "seed"),
    folder: join(values.dir ?? tmpdir(), `stockpot-bench-${size}`),
    ramFolder: values.ram ?? (existsSync("/dev/shm") ? "/dev/shm" : undefined),
    keep: values.keep,
  };
}

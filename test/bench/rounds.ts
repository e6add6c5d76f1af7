import { createReadStream, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MergePlan } from "../../src/plan/types.ts";
import { methodByName } from "../../src/methods/index.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { measureNode, measureShell } from "../fixtures/measure.ts";
import { PROGRAM } from "../fixtures/program.ts";
import type { Usage } from "../fixtures/measure.ts";
import type { BenchOptions } from "./options.ts";

/** A place that output is written to. */
export interface Target {
  readonly name: string;
  readonly folder: string;
}

/** A method with its recipe, and the input bytes that its passes read. */
export interface Contestant {
  readonly method: string;
  readonly recipe: string;
  readonly passes: number;
  readonly readBytes: number;
}

/** Everything that was measured, one entry per round. */
export interface Measurements {
  readonly cat: Usage[];
  /** By target. */
  readonly copies: Map<string, Usage[]>;
  /** By target and method. */
  readonly merges: Map<string, Map<string, Usage[]>>;
}

/** Writes a method's recipe and asks the plan what it reads. */
export function prepare(method: string, checkpoints: readonly Checkpoint[], folder: string): Contestant {
  const descriptor = methodByName(method);
  const [base = "", ...models] = checkpoints.map((checkpoint) => checkpoint.folder);
  if (descriptor === undefined) throw new Error(`there is no method ${method}`);
  const all = descriptor.base === "ignored" ? [base, ...models] : models;
  const recipe = join(folder, `${method}.yml`);
  writeFileSync(recipe, JSON.stringify(methodRecipe(descriptor, { base, models: all }), null, 2));
  const { stdout } = measureNode([PROGRAM, "plan", recipe, "--json"]);
  const { passes } = JSON.parse(stdout) as Pick<MergePlan, "passes">;
  return {
    method,
    recipe,
    passes: passes.length,
    readBytes: passes.reduce((total, pass) => total + pass.readBytes, 0),
  };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Dirty pages of one measurement must not be written back during the next one. */
function settle(hasSync: boolean): void {
  if (hasSync) measureShell("sync", []);
}

function measureMerge({ recipe }: Contestant, target: Target, { workers }: BenchOptions): Usage {
  const out = join(target.folder, "merged");
  try {
    // Without digests: `cat` and `cp` compute none either.
    const flags = ["--workers", String(workers), "--no-lock", "--quiet", "--json"];
    return measureNode([PROGRAM, "merge", recipe, out, ...flags]).usage;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function measureCopy({ file }: Checkpoint, target: Target): Usage {
  const copy = join(target.folder, "copy");
  try {
    return measureShell('cp "$1" "$2"', [file, copy]);
  } finally {
    rmSync(copy, { force: true });
  }
}

export interface RoundsInput {
  readonly checkpoints: readonly Checkpoint[];
  readonly contestants: readonly Contestant[];
  readonly targets: readonly Target[];
  readonly options: BenchOptions;
  /** False where there are no `cat` and `cp`. */
  readonly withReference: boolean;
  readonly hasSync: boolean;
  readonly log: (line: string) => void;
}

/** Measures references and merges in turn, several times, so that a change of the machine's mood hits all of them. */
export function runRounds(input: RoundsInput): Measurements {
  const { checkpoints, contestants, targets, options, withReference, hasSync, log } = input;
  const measured: Measurements = { cat: [], copies: new Map(), merges: new Map() };
  const files = checkpoints.map(({ file }) => file);
  const [first] = checkpoints;
  // A virtual machine's memory is slow when touched for the first time: not part of the first round.
  if (withReference && first !== undefined) for (const target of targets) measureCopy(first, target);
  for (let round = 1; round <= options.rounds; round++) {
    log(`round ${String(round)} of ${String(options.rounds)}`);
    if (withReference) measured.cat.push(measureShell('cat "$@" > /dev/null', files));
    for (const target of targets) {
      if (withReference && first !== undefined) {
        settle(hasSync);
        push(measured.copies, target.name, measureCopy(first, target));
      }
      for (const contestant of contestants) {
        settle(hasSync);
        const ofTarget = measured.merges.get(target.name) ?? new Map<string, Usage[]>();
        measured.merges.set(target.name, ofTarget);
        push(ofTarget, contestant.method, measureMerge(contestant, target, options));
      }
    }
  }
  return measured;
}

/** Reads every input once, so that the first measurement finds the page cache as warm as the others. */
export async function warm(checkpoints: readonly Checkpoint[]): Promise<void> {
  for (const { file } of checkpoints) {
    const nowhere = new Writable({ write: (_part, _encoding, done) => done() });
    await pipeline(createReadStream(file, { highWaterMark: 2 ** 22 }), nowhere);
  }
}

import { stat } from "node:fs/promises";
import { InterruptedError } from "../errors.ts";
import type { Gram } from "../methods/statistics.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { checkUnchanged } from "./files.ts";
import { nonFiniteError } from "./non-finite.ts";
import { mergeResults } from "./passes/index.ts";
import { Pool } from "./pool.ts";
import type { GramSums, PassRequest } from "./requests.ts";
import type { Progress } from "./run-types.ts";
import { workerCount } from "./run.ts";
import { stripes, workElements } from "./tasks.ts";
import { workerSetup } from "./worker-setup.ts";

export interface MeasureOptions {
  readonly workers?: number | undefined;
  readonly tileBytes?: number | undefined;
  readonly allowNonFinite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Inner products of a tensor's task vectors, one vector per input in the plan's order. */
export interface MeasuredTensor extends Gram {
  /** Elements of each task vector that are exactly zero. */
  readonly zeros: Float64Array;
}

export interface Measurement {
  /** By name: every tensor that is merged from a base and inputs. */
  readonly tensors: ReadonlyMap<string, MeasuredTensor>;
  readonly seconds: number;
  readonly readBytes: number;
}

const REQUEST: PassRequest = { kind: "gram", space: "taskVectors", countZeros: true };

/** Reads all inputs of a plan once and gives the Gram matrices of their task vectors; nothing is written. */
export async function measureTaskVectors(plan: MergePlan, options: MeasureOptions): Promise<Measurement> {
  const started = performance.now();
  const pool = new Pool(
    workerCount(plan, options.workers),
    workerSetup(plan, { ...options, shardPaths: [] }),
  );
  const onAbort = () => void pool.stop();
  options.signal?.addEventListener("abort", onAbort);
  try {
    throwIfStopped(options);
    const { tensors, readBytes } = await measureAll(plan, pool, options);
    await pool.close();
    for (const file of plan.models.flatMap(({ files }) => files)) checkUnchanged(file, await stat(file.path));
    throwIfStopped(options);
    return { tensors, readBytes, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    await pool.stop();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

function throwIfStopped({ signal }: MeasureOptions): void {
  if (signal?.aborted === true) throw new InterruptedError("INTERRUPTED", "The comparison was stopped");
}

/** True for the tensors whose task vectors can be measured. */
function hasTaskVectors({ action, base, inputs }: PlannedTensor): boolean {
  return action === "merge" && base !== undefined && inputs.length > 0;
}

/** Hands out the largest tensors first, so that the last jobs to finish are small. */
async function measureAll(
  plan: MergePlan,
  pool: Pool,
  { allowNonFinite = false, onProgress }: MeasureOptions,
): Promise<Pick<Measurement, "tensors" | "readBytes">> {
  const measured = plan.tensors
    .filter((tensor) => hasTaskVectors(tensor) && workElements(tensor) > 0)
    .sort((a, b) => workElements(b) - workElements(a));
  const totalBytes = measured.reduce((sum, tensor) => sum + inputBytes(tensor), 0);
  let doneBytes = 0;
  let tensorsDone = 0;
  const measure = async (tensor: PlannedTensor, priority: number): Promise<[string, MeasuredTensor]> => {
    const parts = stripes(tensor).map(async (range) => {
      const result = await pool.run({ kind: "pass", tensor, range, pass: REQUEST }, priority);
      const [worst] = result.nonFinite;
      if (worst !== undefined && !allowNonFinite) throw nonFiniteError(worst);
      doneBytes += result.readBytes;
      onProgress?.({ doneBytes, totalBytes, tensorsDone, tensorCount: measured.length });
      return result.pass;
    });
    const sums = mergeResults(REQUEST, await Promise.all(parts)) as GramSums;
    tensorsDone++;
    const { zeros = new Float64Array(sums.n) } = sums;
    return [tensor.name, { ...sums, zeros, elementCount: workElements(tensor) }];
  };
  const entries = await Promise.all(measured.map(measure));
  return { tensors: new Map(entries), readBytes: doneBytes };
}

function inputBytes({ base, inputs }: PlannedTensor): number {
  return inputs.reduce((sum, { byteLength }) => sum + byteLength, base?.byteLength ?? 0);
}

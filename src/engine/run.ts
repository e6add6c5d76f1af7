import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { EngineError, InterruptedError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import type { TensorKind } from "../tensor/names.ts";
import { checkUnchanged } from "./files.ts";
import { goesByRows, mergeResults } from "./passes/index.ts";
import type { PassRequest, PassResult } from "./requests.ts";
import { nonFiniteError, withoutRepeats } from "./non-finite.ts";
import { Pool } from "./pool.ts";
import { program } from "./program.ts";
import type { Numbers } from "./program.ts";
import type { JobResult, NonFinite } from "./protocol.ts";
import { ReportSum } from "./report-sum.ts";
import type { Task } from "./tasks.ts";
import { divide, stripes, workElements } from "./tasks.ts";
import { DEFAULT_TILE_BYTES, workerSetup } from "./worker-setup.ts";

/** A worker takes some 30 MB; more of them than this rarely read faster. */
const MOST_DEFAULT_WORKERS = 16;
/** A worker starts in some 30 ms: small merges get fewer. */
const BYTES_WORTH_A_WORKER = 32 * 2 ** 20;

export interface Progress {
  /** Input bytes gone through, over all passes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly tensorsDone: number;
  readonly tensorCount: number;
}

export interface RunOptions {
  /** Where the shards of the plan are being written, in its order; created and sized by the sink. */
  readonly shardPaths: readonly string[];
  readonly methods?: readonly AnyMethod[] | undefined;
  readonly workers?: number | undefined;
  readonly tileBytes?: number | undefined;
  readonly allowNonFinite?: boolean | undefined;
  /** Run the scalar twin of the kernels (slow); the bytes are the same. */
  readonly scalar?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called when all bytes of a tensor are in its shard; never for empty ones. */
  readonly onWritten?: ((tensor: PlannedTensor) => void) | undefined;
}

export interface TensorReport {
  readonly name: string;
  readonly kind: TensorKind;
  readonly method: string;
  readonly action: "merge" | "copy";
  /** Numbers of the method, such as angle (degrees) and t; means over the rows where rows are solved apart. */
  readonly numbers: Numbers;
}

export interface RunReport {
  /** In the order of the plan. */
  readonly tensors: readonly TensorReport[];
  readonly seconds: number;
  /** Over all passes. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly workers: number;
  readonly tileBytes: number;
  readonly nonFinite: readonly NonFinite[];
}

/** Executes a plan: every tensor measured, solved, combined and written into the shards. */
export async function runPlan(plan: MergePlan, options: RunOptions): Promise<RunReport> {
  const run = new Run(plan, options);
  return run.execute();
}

export function workerCount(plan: MergePlan, asked: number | undefined): number {
  if (asked !== undefined) return asked;
  const bytes = plan.passes.reduce((sum, pass) => sum + pass.readBytes, 0);
  const useful = Math.max(1, Math.ceil(bytes / BYTES_WORTH_A_WORKER));
  return Math.min(availableParallelism(), MOST_DEFAULT_WORKERS, useful);
}

class Run {
  readonly #plan: MergePlan;
  readonly #options: RunOptions;
  readonly #methods: readonly AnyMethod[];
  readonly #workers: number;
  readonly #tileBytes: number;
  readonly #pool: Pool;
  readonly #reports = new Map<PlannedTensor, ReportSum>();
  readonly #nonFinite = new Map<string, NonFinite>();
  readonly #totalBytes: number;
  #readBytes = 0;
  #writtenBytes = 0;
  #elementsLeft = new Map<PlannedTensor, number>();
  #tensorsDone = 0;

  constructor(plan: MergePlan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#methods = options.methods ?? [];
    this.#workers = workerCount(plan, options.workers);
    this.#tileBytes = options.tileBytes ?? DEFAULT_TILE_BYTES;
    this.#totalBytes = plan.passes.reduce((sum, pass) => sum + pass.readBytes, 0);
    for (const tensor of plan.tensors) this.#elementsLeft.set(tensor, workElements(tensor));
    this.#pool = new Pool(this.#workers, workerSetup(plan, options));
  }

  async execute(): Promise<RunReport> {
    const started = performance.now();
    const onAbort = () => void this.#pool.stop();
    this.#options.signal?.addEventListener("abort", onAbort);
    try {
      this.#throwIfStopped();
      await this.#runTasks(divide(this.#plan));
      await this.#pool.close();
      await this.#checkInputs();
      // Told to stop by the last report of progress, or while the workers were closed.
      this.#throwIfStopped();
    } catch (error) {
      await this.#pool.stop();
      throw error;
    } finally {
      this.#options.signal?.removeEventListener("abort", onAbort);
    }
    return this.#report((performance.now() - started) / 1000);
  }

  #throwIfStopped(): void {
    if (this.#options.signal?.aborted === true)
      throw new InterruptedError("INTERRUPTED", "The merge was stopped");
  }

  /** Keeps a few tasks under way: enough to feed the workers across a task's barriers, few enough for the page cache. */
  async #runTasks(tasks: readonly Task[]): Promise<void> {
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < tasks.length; i = next++) {
        const task = tasks[i];
        if (task?.kind === "local") await this.#runLocal(task, i);
        else if (task !== undefined) await this.#runShared(task, i);
      }
    };
    await Promise.all(Array.from({ length: this.#workers * 2 + 1 }, lane));
  }

  async #runLocal({ units }: Extract<Task, { kind: "local" }>, priority: number): Promise<void> {
    const result = await this.#pool.run({ kind: "solve", units }, priority);
    units.forEach(({ tensor, range }, i) => {
      this.#reportOf(tensor).merge(result.reports?.[i] ?? {});
      this.#finish(tensor, range.end - range.begin);
    });
    this.#account(result);
  }

  async #runShared({ tensors, size }: Extract<Task, { kind: "shared" }>, priority: number): Promise<void> {
    const [first] = tensors;
    if (first === undefined) return;
    const method = methodByName(first.method, this.#methods);
    if (method === undefined) throw new EngineError("INTERNAL", `No method ${first.method}`);
    const byRange = tensors.length > 1 || stripes(first).length > 1;
    const steps = program({ method, tensor: first, count: size, byRange }, this.#plan);
    let step = steps.next();
    while (step.done !== true) step = steps.next(await this.#runPass(tensors, step.value, priority));
    for (const tensor of tensors) {
      this.#reportOf(tensor).add(step.value);
      this.#finish(tensor, workElements(tensor));
    }
  }

  async #runPass(
    tensors: readonly PlannedTensor[],
    pass: PassRequest,
    priority: number,
  ): Promise<PassResult> {
    const byRows = goesByRows(pass);
    const parts = tensors.flatMap((tensor) => stripes(tensor, byRows).map((range) => ({ tensor, range })));
    const results = await Promise.all(
      parts.map(async ({ tensor, range }) => {
        const result = await this.#pool.run({ kind: "pass", tensor, range, pass }, priority);
        this.#account(result);
        return result.pass;
      }),
    );
    return mergeResults(pass, results);
  }

  #account(result: JobResult): void {
    this.#readBytes += result.readBytes;
    this.#writtenBytes += result.writtenBytes;
    for (const entry of result.nonFinite) {
      const key = `${entry.pass} ${entry.tensor} ${entry.model ?? ""}`;
      const count = entry.count + (this.#nonFinite.get(key)?.count ?? 0);
      this.#nonFinite.set(key, { ...entry, count });
    }
    const [worst] = result.nonFinite;
    if (worst !== undefined && this.#options.allowNonFinite !== true) throw nonFiniteError(worst);
    this.#options.onProgress?.({
      doneBytes: Math.min(this.#readBytes, this.#totalBytes),
      totalBytes: this.#totalBytes,
      tensorsDone: this.#tensorsDone,
      tensorCount: this.#plan.tensors.length,
    });
  }

  #reportOf(tensor: PlannedTensor): ReportSum {
    const report = this.#reports.get(tensor) ?? new ReportSum();
    this.#reports.set(tensor, report);
    return report;
  }

  #finish(tensor: PlannedTensor, elements: number): void {
    const left = (this.#elementsLeft.get(tensor) ?? 0) - elements;
    this.#elementsLeft.set(tensor, left);
    if (left > 0) return;
    this.#tensorsDone++;
    this.#options.onWritten?.(tensor);
  }

  /** A file that changed after it was opened would leave a merge of two versions. */
  async #checkInputs(): Promise<void> {
    for (const file of this.#plan.models.flatMap((model) => model.files))
      checkUnchanged(file, await stat(file.path));
  }

  #report(seconds: number): RunReport {
    return {
      tensors: this.#plan.tensors.map((tensor) => ({
        name: tensor.name,
        kind: tensor.kind,
        method: tensor.method,
        action: tensor.action,
        numbers: this.#reports.get(tensor)?.means() ?? {},
      })),
      seconds,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
      workers: this.#workers,
      tileBytes: this.#tileBytes,
      nonFinite: withoutRepeats([...this.#nonFinite.values()]),
    };
  }
}

import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { EngineError, InterruptedError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import type { AnyMethod } from "../methods/define.ts";
import { filesRead } from "../plan/reads.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { isElementwise } from "./computable.ts";
import { checkUnchanged } from "./files.ts";
import { BitRooms } from "./kept-bits.ts";
import { goesByRows, mergeResults } from "./passes/index.ts";
import type { PassRequest, PassResult } from "./requests.ts";
import { nonFiniteError, withoutRepeats } from "./non-finite.ts";
import { Pool } from "./pool.ts";
import { program } from "./program.ts";
import type { JobResult, NonFinite } from "./protocol.ts";
import type { RunOptions, RunReport } from "./run-types.ts";
import { ReportSum } from "./report-sum.ts";
import { StreamedInputs } from "./stream/streamed-inputs.ts";
import type { Task } from "./tasks.ts";
import { apart, divide, stripes, workElements } from "./tasks.ts";
import { DEFAULT_TILE_BYTES, workerSetup } from "./worker-setup.ts";

/** A worker takes some 30 MB; more of them than this rarely read faster. */
const MOST_DEFAULT_WORKERS = 16;
/** A worker starts in some 30 ms: small merges get fewer. */
const BYTES_WORTH_A_WORKER = 32 * 2 ** 20;

/** Executes a plan: every tensor measured, solved, combined and written into the shards. */
export async function runPlan(plan: MergePlan, options: RunOptions): Promise<RunReport> {
  const { streamed: given } = options;
  const streamed = given && new StreamedInputs(plan, given);
  try {
    return await new Run(plan, options, streamed).execute();
  } finally {
    await streamed?.close();
  }
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
  readonly #streamed: StreamedInputs | undefined;
  readonly #rooms = new BitRooms();
  readonly #reports = new Map<PlannedTensor, ReportSum>();
  readonly #nonFinite = new Map<string, NonFinite>();
  readonly #totalBytes: number;
  #readBytes = 0;
  #writtenBytes = 0;
  #unverifiedFiles = 0;
  #elementsLeft = new Map<PlannedTensor, number>();
  #tensorsDone = 0;

  constructor(plan: MergePlan, options: RunOptions, streamed: StreamedInputs | undefined) {
    this.#plan = plan;
    this.#streamed = streamed;
    this.#options = options;
    this.#methods = options.methods ?? [];
    this.#workers = workerCount(plan, options.workers);
    this.#tileBytes = options.tileBytes ?? DEFAULT_TILE_BYTES;
    this.#totalBytes = plan.passes.reduce((sum, pass) => sum + pass.readBytes, 0);
    for (const tensor of plan.tensors) this.#elementsLeft.set(tensor, workElements(tensor));
    this.#pool = new Pool(this.#workers, workerSetup(plan, options, streamed && [streamed.file]));
  }

  async execute(): Promise<RunReport> {
    const started = performance.now();
    const onAbort = () => void this.#pool.stop();
    this.#options.signal?.addEventListener("abort", onAbort);
    try {
      this.#throwIfStopped();
      await this.#runTasks(this.#streamed?.tasks ?? this.#tasks());
      await this.#pool.close();
      await this.#checkInputs();
      this.#unverifiedFiles = (await this.#streamed?.verify()) ?? 0;
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

  #tasks(): readonly Task[] {
    const tasks = divide(this.#plan);
    return this.#options.onSolved === undefined ? tasks : tasks.flatMap(apart);
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
        if (task === undefined) continue;
        const tensors = task.kind === "local" ? task.units.map(({ tensor }) => tensor) : task.tensors;
        const run = () => (task.kind === "local" ? this.#runLocal(task, i) : this.#runShared(task, i));
        await this.#with(tensors, run);
      }
    };
    await Promise.all(Array.from({ length: this.#workers * 2 + 1 }, lane));
  }

  /** Runs a step while the inputs of tensors are where workers can read them; those of too many come later, one by one. */
  async #with<T>(tensors: readonly PlannedTensor[], step: () => Promise<T>, done = true): Promise<T> {
    const streamed = this.#streamed;
    return streamed?.fits(tensors) === true ? await streamed.using(tensors, done, step) : await step();
  }

  async #runLocal({ units }: Extract<Task, { kind: "local" }>, priority: number): Promise<void> {
    const local = units.map((unit) => ({ ...unit, tensor: this.#local(unit.tensor) }));
    const result = await this.#pool.run({ kind: "solve", units: local }, priority);
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
    const steps = program({ method, tensor: first, count: size, byRange }, this.#plan, this.#rooms);
    let step = steps.next();
    while (step.done !== true && !this.#isSolved(tensors, step.value))
      step = steps.next(await this.#runPass(tensors, step.value, priority));
    for (const tensor of tensors) {
      if (step.done === true) this.#reportOf(tensor).add(step.value);
      this.#finish(tensor, workElements(tensor));
    }
  }

  /** Hands over the solution of tensors where nothing but that is asked for. */
  #isSolved(tensors: readonly PlannedTensor[], pass: PassRequest): boolean {
    const { onSolved } = this.#options;
    if (onSolved === undefined || !isElementwise(pass)) return false;
    if (pass.kind === "linear") for (const tensor of tensors) onSolved(tensor, pass);
    return true;
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
        const run = () =>
          this.#pool.run({ kind: "pass", tensor: this.#local(tensor), range, pass }, priority);
        const result = await this.#with([tensor], run, false);
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

  #local(tensor: PlannedTensor): PlannedTensor {
    return this.#streamed?.local(tensor) ?? tensor;
  }

  /** A file that changed after it was opened would leave a merge of two versions. */
  async #checkInputs(): Promise<void> {
    for (const [model, { files, madeBy }] of this.#plan.models.entries()) {
      for (const [position, file] of (madeBy === undefined ? files : filesRead(madeBy)).entries()) {
        const isRemote = this.#options.streamed?.remote.isRemote({ model, file: position }) === true;
        if (!isRemote) checkUnchanged(file, await stat(file.path));
      }
    }
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
      movedBytes: this.#streamed?.movedBytes ?? 0,
      unverifiedFiles: this.#unverifiedFiles,
    };
  }
}

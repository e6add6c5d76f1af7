import { closeSync, openSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { MergePlan, PlannedTensor } from "../../plan/types.ts";
import { toSinkError } from "../../sink/errors.ts";
import type { WeightFile } from "../../sources/types.ts";
import { divide } from "../tasks.ts";
import type { Task } from "../tasks.ts";
import { DigestThread } from "./digest-thread.ts";
import { FileDigests } from "./file-digests.ts";
import { Blocks } from "./blocks.ts";
import type { Block } from "./blocks.ts";
import { moveInputs } from "./ranges.ts";
import type { RemoteInputs } from "./remote-inputs.ts";
import { Spool } from "./spool.ts";

/** Room for the blocks of a few tasks at a time, so that the next ones arrive while workers are busy. */
const LEAST_SPOOL_BYTES = 2 ** 30;
const BLOCK_BYTES = 32 * 2 ** 20;
/** Of what the largest task needs: itself, and as much on its way for the next one. */
const TASKS_IN_SPOOL = 2;

export interface StreamOptions {
  readonly remote: RemoteInputs;
  /** The file that inputs pass through; removed at the end. */
  readonly spoolPath: string;
  /** Length up to which the spool may grow whatever the tasks need; 1 GiB by default. */
  readonly leastSpoolBytes?: number | undefined;
  /** Neighbouring tensors are fetched together up to this many bytes, so that servers see few, large requests; 32 MiB. */
  readonly blockBytes?: number | undefined;
}

/** Inputs that workers read from a spool file, into which they come by ranges as the tasks need them. */
export class StreamedInputs {
  /** In the order of the output, which is most often that of the inputs, so that files are read from beginning to end. */
  readonly tasks: readonly Task[];
  /** The spool, as workers see it. */
  readonly file: WeightFile;
  readonly #blocks: Blocks;
  readonly #spool: Spool;
  readonly #thread: DigestThread;
  readonly #digests: FileDigests;
  readonly #remote: RemoteInputs;
  readonly #descriptor: number;
  readonly #files: readonly number[];
  /** Of one task. */
  readonly #mostAtOnce: number;
  /** Bytes that have come. */
  movedBytes = 0;

  private constructor(plan: MergePlan, options: StreamOptions, descriptor: number) {
    const {
      remote,
      spoolPath: path,
      leastSpoolBytes = LEAST_SPOOL_BYTES,
      blockBytes = BLOCK_BYTES,
    } = options;
    this.tasks = divide(plan, { neighbours: true });
    this.#remote = remote;
    this.#descriptor = descriptor;
    this.file = { name: "the spool", path, byteLength: 0, modifiedMs: 0, isSpool: true };
    this.#files = plan.models.map(({ files }) => files.length);
    this.#blocks = new Blocks(this.tasks.map(tensorsOf), (position) => remote.isRemote(position), blockBytes);
    const byteLength = Math.max(leastSpoolBytes, largestUnit(this.tasks, this.#blocks) * TASKS_IN_SPOOL);
    this.#mostAtOnce = byteLength / TASKS_IN_SPOOL;
    this.#thread = new DigestThread(path);
    this.#digests = new FileDigests(this.#blocks, remote, this.#thread);
    this.#spool = new Spool(byteLength, {
      fetch: (block, offset) => this.#fetch(block, offset),
      keep: (block, offset) => this.#digests.arrived(block, offset),
      makeRoom: () => this.#digests.giveUpOne(),
    });
  }

  static open(plan: MergePlan, options: StreamOptions): StreamedInputs {
    try {
      return new StreamedInputs(plan, options, openSync(options.spoolPath, "wx+"));
    } catch (error) {
      throw toSinkError(error, options.spoolPath);
    }
  }

  /** Whether all that these tensors need fits the spool at once, so that it comes once whatever the number of passes. */
  fits(tensors: readonly PlannedTensor[]): boolean {
    return bytesOf(this.#blocks.of(tensors)) <= this.#mostAtOnce;
  }

  /** Runs a step while the inputs of tensors are in the spool; `done`: no later step of their task needs them. */
  async using<T>(tensors: readonly PlannedTensor[], done: boolean, step: () => Promise<T>): Promise<T> {
    return await this.#spool.using(this.#blocks.of(tensors), done, step);
  }

  /** A tensor whose inputs are in the spool, with their places there. */
  local(tensor: PlannedTensor): PlannedTensor {
    return moveInputs(tensor, ({ model, file, offset }) => {
      const block = this.#blocks.at({ model, file, offset });
      const start = block === undefined ? undefined : this.#spool.offsetOf(block);
      if (block === undefined || start === undefined) return { file, offset };
      return { file: this.#files[model] ?? 0, offset: start + offset - block.begin };
    });
  }

  /** Number of files whose bytes could not be verified. Throws if one has other bytes than were listed. */
  async verify(): Promise<number> {
    return await this.#digests.finish();
  }

  /** Removes the spool. */
  async close(): Promise<void> {
    await this.#thread.close();
    closeSync(this.#descriptor);
    await rm(this.file.path, { force: true });
  }

  /** Writes to the page cache take no longer than a trip to another thread would. */
  async #fetch(block: Block, offset: number): Promise<void> {
    await this.#remote.fetch(block, (bytes, at) => {
      try {
        for (let done = 0; done < bytes.length;)
          done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + at + done);
      } catch (error) {
        throw toSinkError(error, this.file.path);
      }
      this.movedBytes += bytes.length;
    });
  }
}

/** Most bytes that the spool of a plan will take up. */
export function spoolBytes(plan: MergePlan, isRemote: RemoteInputs["isRemote"]): number {
  const tasks = divide(plan, { neighbours: true });
  const blocks = new Blocks(tasks.map(tensorsOf), isRemote, BLOCK_BYTES);
  const all = bytesOf(blocks.files.flat());
  return Math.min(all, Math.max(LEAST_SPOOL_BYTES, largestUnit(tasks, blocks) * TASKS_IN_SPOOL));
}

/** Bytes of what must be there at once; of a group of tensors that share statistics, they can come one by one. */
function largestUnit(tasks: readonly Task[], blocks: Blocks): number {
  const units = tasks.flatMap((task) =>
    task.kind === "local" ? [tensorsOf(task)] : task.tensors.map((tensor) => [tensor]),
  );
  return units.reduce((most, tensors) => Math.max(most, bytesOf(blocks.of(tensors))), 0);
}

const bytesOf = (blocks: readonly Block[]) => blocks.reduce((sum, { begin, end }) => sum + end - begin, 0);

const tensorsOf = (task: Task): readonly PlannedTensor[] =>
  task.kind === "local" ? task.units.map(({ tensor }) => tensor) : task.tensors;

import type { MergePlan, PlannedTensor } from "../../plan/types.ts";
import type { WeightFile } from "../../sources/types.ts";
import { divide } from "../tasks.ts";
import type { Task } from "../tasks.ts";
import { DigestThreads } from "./digest-threads.ts";
import { FileDigests } from "./file-digests.ts";
import { Blocks } from "./blocks.ts";
import type { Block } from "./blocks.ts";
import { moveInputs, rangesOf } from "./ranges.ts";
import type { StoredRange } from "./ranges.ts";
import type { RemoteInputs } from "./remote-inputs.ts";
import { Spool } from "./spool.ts";
import { FileStore, MemoryStore } from "./spool-store.ts";
import type { SpoolStore } from "./spool-store.ts";

/** Of a spool in memory, for models whose tensors leave room in it for more than one task. */
const MEMORY_SPOOL_BYTES = 2 ** 28;
/** Of a spool on disk at least, so that the next tasks' blocks arrive while workers are busy. */
const FILE_SPOOL_BYTES = 2 ** 30;
/** Neighbouring tensors are fetched together up to this many bytes, so that servers see few, large requests. */
const BLOCK_BYTES = { memory: 2 ** 24, file: 2 ** 25 };
/** Of what the largest task needs: itself, and as much on its way for the next one. */
const TASKS_IN_SPOOL = 2;

export interface StreamOptions {
  readonly remote: RemoteInputs;
  /** The file that inputs pass through if memory is too small for them; removed at the end. */
  readonly spoolPath: string;
  /** Length of the spool if no task needs more; 256 MiB in memory, 1 GiB in a file by default. */
  readonly leastSpoolBytes?: number | undefined;
  /** Longest spool that is held in memory; 256 MiB by default. */
  readonly memoryBytes?: number | undefined;
  /** In place of the usual size of blocks. */
  readonly blockBytes?: number | undefined;
}

/** Inputs that workers read from a spool file, into which they come by ranges as the tasks need them. */
export class StreamedInputs {
  /** In the order of the inputs, so that files are read from beginning to end. */
  readonly tasks: readonly Task[];
  /** The spool, as workers see it. */
  readonly file: WeightFile;
  readonly #blocks: Blocks;
  readonly #spool: Spool;
  readonly #threads: DigestThreads;
  readonly #digests: FileDigests;
  readonly #remote: RemoteInputs;
  readonly #store: SpoolStore;
  readonly #files: readonly number[];
  /** Of one task. */
  readonly #mostAtOnce: number;
  /** Bytes that have come. */
  movedBytes = 0;

  constructor(plan: MergePlan, options: StreamOptions) {
    const { remote, spoolPath } = options;
    this.#remote = remote;
    this.#files = plan.models.map(({ files }) => files.length);
    const shape = shapeOf(plan, (position) => remote.isRemote(position), options);
    const { tasks, blocks, byteLength, isInMemory } = shape;
    this.tasks = tasks;
    this.#blocks = blocks;
    this.#mostAtOnce = byteLength / TASKS_IN_SPOOL;
    this.#store = isInMemory ? new MemoryStore(byteLength) : new FileStore(spoolPath);
    this.file = this.#store.file;
    this.#threads = new DigestThreads(this.file);
    this.#digests = new FileDigests(this.#blocks, remote, this.#threads);
    this.#spool = new Spool(byteLength, {
      fetch: (block, offset) => this.#fetch(block, offset),
      keep: (block, offset) => this.#digests.arrived(block, offset),
      makeRoom: () => this.#digests.giveUpOne(),
    });
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
    await this.#threads.close();
    await this.#store.close();
  }

  async #fetch(block: Block, offset: number): Promise<void> {
    await this.#remote.fetch(block, (at) => {
      const target = this.#store.target(offset + at);
      return {
        space: () => target.space(),
        came: (byteLength) => {
          target.came(byteLength);
          this.movedBytes += byteLength;
        },
      };
    });
  }
}

interface SpoolShape {
  readonly tasks: readonly Task[];
  readonly blocks: Blocks;
  readonly byteLength: number;
  readonly isInMemory: boolean;
}

function shapeOf(
  plan: MergePlan,
  isRemote: RemoteInputs["isRemote"],
  options: Pick<StreamOptions, "leastSpoolBytes" | "memoryBytes" | "blockBytes"> = {},
): SpoolShape {
  const { leastSpoolBytes, memoryBytes = MEMORY_SPOOL_BYTES, blockBytes } = options;
  const tasks = inOrderOfInputs(divide(plan, { neighbours: true }), isRemote);
  const work = tasks.map(tensorsOf);
  const divided = (bytes: number) => new Blocks(work, isRemote, blockBytes ?? bytes);
  const small = divided(BLOCK_BYTES.memory);
  const most = largestUnit(tasks, small) * TASKS_IN_SPOOL;
  if (most <= memoryBytes)
    return {
      tasks,
      blocks: small,
      byteLength: Math.max(most, leastSpoolBytes ?? memoryBytes),
      isInMemory: true,
    };
  const large = divided(BLOCK_BYTES.file);
  const needed = largestUnit(tasks, large) * TASKS_IN_SPOOL;
  return {
    tasks,
    blocks: large,
    byteLength: Math.max(needed, leastSpoolBytes ?? FILE_SPOOL_BYTES),
    isInMemory: false,
  };
}

/** Most bytes that the spool of a plan will take up, and whether in memory or on disk. */
export function spoolOf(
  plan: MergePlan,
  isRemote: RemoteInputs["isRemote"],
): { readonly byteLength: number; readonly isInMemory: boolean } {
  const { blocks, byteLength, isInMemory } = shapeOf(plan, isRemote);
  return { byteLength: Math.min(bytesOf(blocks.files.flat()), byteLength), isInMemory };
}

/** By the first far-away bytes that each task needs; without any, first. */
function inOrderOfInputs(tasks: readonly Task[], isRemote: RemoteInputs["isRemote"]): Task[] {
  const placed = tasks.map((task) => {
    const ranges = tensorsOf(task).flatMap(rangesOf).filter(isRemote);
    return { task, first: ranges.sort(compareRanges)[0] };
  });
  const nowhere = { model: -1, file: 0, begin: 0 };
  return placed.sort((a, b) => compareRanges(a.first ?? nowhere, b.first ?? nowhere)).map(({ task }) => task);
}

type Place = Pick<StoredRange, "model" | "file" | "begin">;

const compareRanges = (a: Place, b: Place) => a.model - b.model || a.file - b.file || a.begin - b.begin;

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

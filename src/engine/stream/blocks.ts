import { EngineError } from "../../errors.ts";
import type { PlannedTensor } from "../../plan/types.ts";
import { rangesOf } from "./ranges.ts";
import type { FilePosition, StoredRange } from "./ranges.ts";

/** What is fetched at once: one tensor of a file, or several that follow each other. */
export interface Block extends StoredRange {
  /** Tasks that need it, so that it can go when the last of them is done. */
  readonly tasks: number;
}

/** The bytes of far-away files that tasks need, each in exactly one block; those of a file in the order of their offsets. */
export class Blocks {
  readonly #isRemote: (position: FilePosition) => boolean;
  readonly #byFile: ReadonlyMap<string, readonly Block[]>;

  /** `work` holds the tensors of each task; neighbours are joined up to `blockBytes`. */
  constructor(
    work: readonly (readonly PlannedTensor[])[],
    isRemote: (position: FilePosition) => boolean,
    blockBytes: number,
  ) {
    this.#isRemote = isRemote;
    const ranges = work.flatMap((tensors) => tensors.flatMap((tensor) => this.#remoteRanges(tensor)));
    const files = new Map<string, StoredRange[]>();
    for (const range of ranges) {
      const others = files.get(fileKey(range));
      if (others === undefined) files.set(fileKey(range), [range]);
      else others.push(range);
    }
    const joined = new Map([...files].map(([key, each]) => [key, joinRanges(each, blockBytes)]));
    const counts = new Map<StoredRange, number>();
    for (const tensors of work) {
      const needed = new Set(
        tensors
          .flatMap((tensor) => this.#remoteRanges(tensor))
          .map((range) => find(joined, range, range.begin)),
      );
      for (const range of needed) counts.set(range, (counts.get(range) ?? 0) + 1);
    }
    this.#byFile = new Map(
      [...joined].map(([key, each]) => [
        key,
        each.map((range) => ({ ...range, tasks: counts.get(range) ?? 0 })),
      ]),
    );
  }

  /** The blocks that tensors need, each once. */
  of(tensors: readonly PlannedTensor[]): Block[] {
    const ranges = tensors.flatMap((tensor) => this.#remoteRanges(tensor));
    return [...new Set(ranges.map((range) => find(this.#byFile, range, range.begin)))];
  }

  /** The block of an offset; undefined for a file that is here. */
  at(position: FilePosition & { readonly offset: number }): Block | undefined {
    return this.#isRemote(position) ? find(this.#byFile, position, position.offset) : undefined;
  }

  /** The blocks of each file. */
  get files(): readonly (readonly Block[])[] {
    return [...this.#byFile.values()];
  }

  #remoteRanges(tensor: PlannedTensor): StoredRange[] {
    return rangesOf(tensor).filter((range) => range.begin < range.end && this.#isRemote(range));
  }
}

const fileKey = ({ model, file }: FilePosition) => `${model}:${file}`;

/** Disjoint ranges in order: what overlaps is one, and neighbours are joined up to a block's size. */
function joinRanges(ranges: readonly StoredRange[], blockBytes: number): StoredRange[] {
  const joined: StoredRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const last = joined.at(-1);
    const end = Math.max(last?.end ?? 0, range.end);
    const overlaps = range.begin < (last?.end ?? 0);
    const follows = range.begin === last?.end && end - last.begin <= blockBytes;
    if (last !== undefined && (overlaps || follows)) joined[joined.length - 1] = { ...last, end };
    else joined.push(range);
  }
  return joined;
}

function find<T extends StoredRange>(
  byFile: ReadonlyMap<string, readonly T[]>,
  position: FilePosition,
  offset: number,
): T {
  const ranges = byFile.get(fileKey(position)) ?? [];
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ranges[middle]?.end ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  const found = ranges[low];
  if (found === undefined || found.begin > offset)
    throw new EngineError("INTERNAL", `No block for byte ${offset}`);
  return found;
}

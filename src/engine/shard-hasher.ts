import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { HashPool } from "./hash-pool.ts";
import type { HashOptions } from "./hash-pool.ts";

/** The tensors of a shard in the order of their bytes, and how many of them are written without a gap. */
interface Progress {
  readonly tensors: readonly PlannedTensor[];
  written: number;
}

/** Hashes the shards of a merge while it writes them: what is read was written moments ago, and is in memory still. */
export class ShardHasher {
  readonly #pool: HashPool;
  readonly #shards: readonly Progress[];
  readonly #done = new Set<PlannedTensor>();

  constructor(plan: MergePlan, shardPaths: readonly string[], options: HashOptions) {
    const files = plan.output.shards.map(({ byteLength }, shard) => {
      return { path: shardPaths[shard] ?? "", byteLength };
    });
    this.#pool = new HashPool(files, options);
    const tensors: PlannedTensor[][] = files.map(() => []);
    for (const tensor of plan.tensors) tensors[tensor.shard]?.push(tensor);
    this.#shards = tensors.map((own) => ({
      tensors: own.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength),
      written: 0,
    }));
  }

  /** All bytes of a tensor are in its shard. */
  note(tensor: PlannedTensor): void {
    this.#done.add(tensor);
    const shard = this.#shards[tensor.shard];
    if (shard === undefined) return;
    let next = shard.tensors[shard.written];
    const before = shard.written;
    while (next !== undefined && (next.byteLength === 0 || this.#done.has(next)))
      next = shard.tensors[++shard.written];
    const last = shard.tensors[shard.written - 1];
    if (shard.written > before && last !== undefined)
      this.#pool.advance(tensor.shard, last.offset + last.byteLength);
  }

  /** The digests, in the order of the plan's shards, once the merge has written everything. */
  finish(): Promise<readonly string[]> {
    return this.#pool.finish();
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}

import { SinkError } from "../errors.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { encodeHeader, shardIndex } from "../safetensors/layout.ts";
import { indexName } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { WrittenFile } from "./types.ts";

/** Stages every shard, header written and length final; returns the temporary paths in the plan's order. */
export async function stageShards(staging: Staging, plan: MergePlan): Promise<string[]> {
  const paths: string[] = [];
  for (const [position, shard] of plan.output.shards.entries()) {
    const header = encodeHeader(tensorsOf(plan, position), shard.name);
    if (header.length !== shard.headerByteLength) {
      const lengths = `${header.length} bytes instead of ${shard.headerByteLength}`;
      throw new SinkError(
        "INTERNAL",
        `The header of ${shard.name} has ${lengths}, so the plan's offsets are wrong`,
      );
    }
    paths.push(await staging.allocate(shard.name, header, shard.byteLength));
  }
  return paths;
}

/** In the order of their bytes; an empty tensor comes before the one that starts where it does. */
function tensorsOf(plan: MergePlan, shard: number): PlannedTensor[] {
  const tensors = plan.tensors.filter((tensor) => tensor.shard === shard);
  return tensors.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
}

export const shardFiles = (plan: MergePlan): readonly WrittenFile[] =>
  plan.output.shards.map(({ name, byteLength }) => ({ name, byteLength, role: "weights" }));

/** Stages the index of a sharded output. */
export async function stageIndex(staging: Staging, plan: MergePlan): Promise<WrittenFile[]> {
  const { shards } = plan.output;
  const [first] = shards;
  if (first === undefined || shards.length < 2) return [];
  const name = indexName(first.name);
  const entries = plan.tensors.map((tensor) => ({ ...tensor, shard: shards[tensor.shard]?.name ?? "" }));
  const byteLength = await staging.write(name, `${JSON.stringify(shardIndex(entries), null, 2)}\n`);
  return [{ name, byteLength, role: "index" }];
}

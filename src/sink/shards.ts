import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { INDEX_NAME } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { WrittenFile } from "./types.ts";

/** What readers of the format expect to find; transformers refuses a file without it. */
const METADATA = { format: "pt" };

/** Stages every shard, header written and length final; returns the temporary paths in the plan's order. */
export async function stageShards(staging: Staging, plan: MergePlan): Promise<string[]> {
  const paths: string[] = [];
  for (const [position, shard] of plan.output.shards.entries()) {
    const header = encodeHeader(
      plan.tensors.filter((tensor) => tensor.shard === position),
      shard.headerByteLength,
    );
    paths.push(await staging.allocate(shard.name, header, shard.byteLength));
  }
  return paths;
}

export const shardFiles = (plan: MergePlan): readonly WrittenFile[] =>
  plan.output.shards.map(({ name, byteLength }) => ({ name, byteLength, role: "weights" }));

/** Length prefix, JSON padded with spaces to the plan's header length. */
function encodeHeader(tensors: readonly PlannedTensor[], headerByteLength: number): Uint8Array {
  const entries = tensors.map(({ name, dtype, shape, offset, byteLength }) => {
    const begin = offset - headerByteLength;
    return [name, { dtype, shape, data_offsets: [begin, begin + byteLength] }];
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: METADATA, ...Object.fromEntries(entries) }));
  const bytes = Buffer.alloc(headerByteLength, " ");
  bytes.writeBigUInt64LE(BigInt(headerByteLength - 8));
  bytes.set(json, 8);
  return bytes;
}

/** Stages the index of a sharded output. */
export async function stageIndex(staging: Staging, plan: MergePlan): Promise<WrittenFile[]> {
  if (plan.output.shards.length < 2) return [];
  const byteLength = await staging.write(INDEX_NAME, renderIndex(plan));
  return [{ name: INDEX_NAME, byteLength, role: "index" }];
}

function renderIndex(plan: MergePlan): string {
  const weightMap = plan.tensors.map((tensor) => [tensor.name, plan.output.shards[tensor.shard]?.name]);
  const totalSize = plan.tensors.reduce((total, { byteLength }) => total + byteLength, 0);
  const index = { metadata: { total_size: totalSize }, weight_map: Object.fromEntries(weightMap) as unknown };
  return `${JSON.stringify(index, null, 2)}\n`;
}

import type { MergePlan } from "../plan/types.ts";
import { editConfig } from "../sink/config.ts";
import { parseConfig } from "../sources/config.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";

interface Planned {
  readonly plan: MergePlan;
  readonly models: ReadonlyMap<string, ModelHeaders>;
}

/** What the headers of a merge's result will be, so that a merge that takes it can be planned before it is there. */
export function headersOfResult(name: string, { plan, models }: Planned): ModelHeaders {
  const donor = models.get(plan.models[plan.donor]?.reference ?? "");
  const tensors = plan.tensors.map((tensor): TensorHeader => {
    const { name: own, dtype, shape, shard, offset, byteLength } = tensor;
    return { name: own, dtype, shape, file: shard, offset, byteLength };
  });
  tensors.sort((a, b) => a.file - b.file || a.offset - b.offset);
  const files = plan.output.shards.map((shard) => ({
    name: shard.name,
    path: `${name}/${shard.name}`,
    byteLength: shard.byteLength,
    modifiedMs: 0,
  }));
  const config =
    donor?.config === undefined ? undefined : editConfig(JSON.stringify(donor.config), plan).text;
  return {
    reference: name,
    location: name,
    files,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    metadata: {},
    config: config === undefined ? undefined : parseConfig(config, name),
    sideFiles: donor?.sideFiles ?? [],
  };
}

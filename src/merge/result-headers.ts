import type { MergePlan } from "../plan/types.ts";
import { editConfig } from "../sink/config.ts";
import { parseConfig } from "../sources/config.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { wholeText } from "../tokenizer/json.ts";
import type { OutputTexts } from "./tokenizer-output.ts";

interface Planned {
  readonly plan: MergePlan;
  readonly models: ReadonlyMap<string, ModelHeaders>;
  readonly output: Pick<OutputTexts, "ownFiles">;
}

/** What the headers of a merge's result will be, so that a merge that takes it can be planned before it is there. */
export function headersOfResult(name: string, { plan, models, output }: Planned): ModelHeaders {
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
    sideFiles: sideFilesOf(donor, models, output.ownFiles),
  };
}

function sideFilesOf(
  donor: ModelHeaders | undefined,
  models: Planned["models"],
  ownFiles: OutputTexts["ownFiles"],
): ModelHeaders["sideFiles"] {
  const kept = (donor?.sideFiles ?? []).filter(({ name }) => !ownFiles.has(name));
  const own = [...ownFiles].flatMap(([name, file]) => {
    if (file === "none") return [];
    if ("text" in file) return [{ name, byteLength: Buffer.byteLength(wholeText(file.text)) }];
    return models.get(file.from)?.sideFiles.find((each) => each.name === name) ?? [];
  });
  return [...kept, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
}

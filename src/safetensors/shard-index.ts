import { failureOf } from "./failure.ts";
import type { Fail } from "./failure.ts";
import { whyOutside } from "./file-name.ts";
import { JsonReader } from "./json-reader.ts";

export interface ShardIndex {
  /** File of each tensor, relative to the index's folder. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** The tensors that each file should hold; files sorted. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
}

/** Parses `*.safetensors.index.json` or `*.bin.index.json` and refuses shards outside its folder; `file` is for messages. */
export function parseShardIndex(text: string, file: string): ShardIndex {
  const fail = failureOf(file);
  const reader = new JsonReader(text, (what, at) =>
    fail("FORMAT_INDEX_JSON", `the index is not valid JSON: ${what} at character ${at}`),
  );
  let weightMap: Map<string, string> | undefined;
  if (reader.peek() !== "{") throw fail("FORMAT_INDEX_JSON", "the index is not an object");
  reader.object((key) => {
    if (key !== "weight_map") return void reader.value();
    if (weightMap !== undefined) throw fail("FORMAT_INDEX_JSON", "weight_map stands twice");
    weightMap = readWeightMap(reader, fail);
  });
  reader.end();
  if (weightMap === undefined) throw fail("FORMAT_INDEX_JSON", "the index has no weight_map");
  const shards = groupByShard(weightMap);
  for (const shard of shards.keys()) {
    const reason = whyOutside(shard);
    if (reason !== undefined) {
      throw fail("FORMAT_INDEX_PATH", `shard ${JSON.stringify(shard)} is refused because it ${reason}`);
    }
  }
  return { weightMap, shards };
}

function readWeightMap(reader: JsonReader, fail: Fail) {
  const weightMap = new Map<string, string>();
  if (reader.peek() !== "{") throw fail("FORMAT_INDEX_JSON", "weight_map is not a map from tensors to files");
  reader.object((name) => {
    const at = `tensor ${JSON.stringify(name)}`;
    if (weightMap.has(name)) throw fail("FORMAT_INDEX_JSON", `weight_map names ${at} twice`);
    if (reader.peek() !== '"')
      throw fail("FORMAT_INDEX_JSON", `weight_map gives ${at} something other than a file`);
    weightMap.set(name, reader.string());
  });
  return weightMap;
}

function groupByShard(weightMap: ReadonlyMap<string, string>): Map<string, string[]> {
  const shards = new Map([...new Set(weightMap.values())].sort().map((shard) => [shard, [] as string[]]));
  for (const [name, shard] of weightMap) shards.get(shard)?.push(name);
  return shards;
}

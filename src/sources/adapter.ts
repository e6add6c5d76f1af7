import { join } from "node:path";
import { configValue, MAX_CONFIG_BYTES, parseConfig } from "./config.ts";
import { readText, statPath } from "./file.ts";
import type { JsonObject } from "./types.ts";

const ADAPTER_CONFIG = "adapter_config.json";

/** What PEFT's adapter_config.json says of an adapter. */
export interface Adapter {
  /** As PEFT spells it: "LORA". */
  readonly type: string;
  readonly rank?: number;
  /** The product is scaled by alpha / rank; by alpha / sqrt(rank) with `rankStabilized`. */
  readonly alpha?: number;
  readonly rankStabilized: boolean;
  /** Directions and magnitudes apart (DoRA). */
  readonly decomposed: boolean;
  /** Names of modules, or one pattern. */
  readonly targets: readonly string[];
  /** The model that it was trained on. */
  readonly base?: string;
}

/** The adapter that a model's folder holds, or undefined. Throws a SourceError for a config that is no JSON. */
export async function readAdapter(folder: string): Promise<Adapter | undefined> {
  const path = join(folder, ADAPTER_CONFIG);
  if ((await statPath(path))?.isFile() !== true) return undefined;
  const config = parseConfig(await readText(path, MAX_CONFIG_BYTES), path);
  const type = configValue(config, "peft_type");
  const targets = configValue(config, "target_modules");
  const base = configValue(config, "base_model_name_or_path");
  const [rank, alpha] = [number(config, "r"), number(config, "lora_alpha")];
  return {
    type: typeof type === "string" ? type : "not stated",
    ...(rank !== undefined && { rank }),
    ...(alpha !== undefined && { alpha }),
    rankStabilized: configValue(config, "use_rslora") === true,
    decomposed: configValue(config, "use_dora") === true,
    targets: [targets].flat().filter((each): each is string => typeof each === "string"),
    ...(typeof base === "string" && { base }),
  };
}

function number(config: JsonObject, key: string): number | undefined {
  const value = configValue(config, key);
  return typeof value === "number" ? value : undefined;
}

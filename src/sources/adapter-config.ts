import { SourceError } from "../errors.ts";
import type { JsonObject, JsonValue } from "./types.ts";

/** What of adapter_config.json decides the arithmetic. */
export interface AdapterConfig {
  readonly r: number;
  readonly alpha: number;
  /** Scale by alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski, 2023). */
  readonly rankStabilized: boolean;
  /** Weights are stored [in, out], as those of GPT-2's Conv1D. */
  readonly transposed: boolean;
  /** Weights are split into magnitude and direction (DoRA, Liu et al., 2024). */
  readonly dora: boolean;
  /** By module name or its end. */
  readonly alphaPattern: ReadonlyMap<string, number>;
}

/** Keys whose value, other than null, false or empty, makes an adapter that is applied in another way. */
const NOT_MODELLED = [
  "lora_bias",
  "target_parameters",
  "trainable_token_indices",
  "use_qalora",
  "megatron_config",
  "alora_invocation_tokens",
  "arrow_config",
  "layer_replication",
  "use_bdlora",
];

/** Ways to start training that change the weights of the base itself: such an adapter only fits the changed base. */
const CHANGES_BASE = /^(?:pissa|olora|corda|loftq|eva_changed)/i;

/** Reads PEFT's settings; what is not modelled is refused by its name. */
export function parseAdapterConfig(config: JsonObject, where: string): AdapterConfig {
  const kind = config.peft_type;
  if (kind !== "LORA") throw refused(where, `is of the type ${JSON.stringify(kind ?? null)}`);
  for (const key of NOT_MODELLED) if (isSet(config[key])) throw refused(where, `uses ${key}`);
  const start = config.init_lora_weights;
  if (typeof start === "string" && CHANGES_BASE.test(start))
    throw refused(where, `was started by init_lora_weights ${JSON.stringify(start)}, which changes the base`);
  if (config.r === undefined) throw refused(where, "has no rank r");
  return {
    r: numberOf(config.r, "r", where),
    alpha: numberOf(config.lora_alpha ?? 8, "lora_alpha", where),
    rankStabilized: config.use_rslora === true,
    transposed: config.fan_in_fan_out === true,
    dora: config.use_dora === true,
    alphaPattern: patternOf(config.alpha_pattern, where),
  };
}

function isSet(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function patternOf(value: JsonValue | undefined, where: string): Map<string, number> {
  if (!isSet(value)) return new Map();
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused(where, "has an alpha_pattern that is no mapping");
  const entries = Object.entries(value).map(([key, alpha]): [string, number] => {
    // PEFT reads keys as regular expressions; names of modules, which they mostly are, need nothing of that.
    if (!/^[\w.-]+$/.test(key))
      throw refused(where, `has the pattern ${JSON.stringify(key)} in alpha_pattern, which is no name`);
    return [key, numberOf(alpha, `alpha_pattern.${key}`, where)];
  });
  return new Map(entries);
}

function numberOf(value: JsonValue, key: string, where: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw refused(where, `has no number as ${key}`);
}

export function refused(where: string, what: string): SourceError {
  const hint = "Merge the adapter into the model first (in PEFT: merge_and_unload), and name the result.";
  return new SourceError("SOURCE_ADAPTER", `${where} ${what}, which Stockpot does not apply`, {
    where,
    hint,
  });
}

/** The factor of the product of the two matrices for one module. */
export function scaleOf(config: AdapterConfig, module: string, rank: number): number {
  const match = [...config.alphaPattern].find(([key]) => module === key || module.endsWith(`.${key}`));
  const alpha = match?.[1] ?? config.alpha;
  return alpha / (config.rankStabilized ? Math.sqrt(rank) : rank);
}

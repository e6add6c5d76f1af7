import type { Shape } from "./shape.ts";

/** What a tensor does in its network, for overrides, reports and diagnosis. */
export type TensorKind = "attention" | "mlp" | "norm" | "bias" | "embedding" | "head" | "other";

export interface LayerName {
  /** All before the number: "model.layers". */
  readonly prefix: string;
  readonly layer: number;
  /** All after the number, empty for a bare "blocks.7": "self_attn.q_proj.weight". */
  readonly rest: string;
}

/** At most nine digits: enough for any network, and always an exact integer. */
const LAYER_NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/** Splits a tensor name at its first number that follows a name; later numbers count experts or sub-blocks. */
export function layerOf(name: string): LayerName | undefined {
  let start = name.indexOf(".") + 1;
  let before = name.slice(0, Math.max(0, start - 1));
  while (start > 0) {
    const dot = name.indexOf(".", start);
    const part = name.slice(start, dot < 0 ? undefined : dot);
    if (LAYER_NUMBER.test(part) && before !== "" && !LAYER_NUMBER.test(before)) {
      const rest = dot < 0 ? "" : name.slice(dot + 1);
      return { prefix: name.slice(0, start - 1), layer: Number(part), rest };
    }
    before = part;
    start = dot + 1;
  }
  return undefined;
}

/** Name of the same tensor in another layer. */
export function withLayer(name: LayerName, layer: number): string {
  return `${name.prefix}.${layer}${name.rest === "" ? "" : `.${name.rest}`}`;
}

// All patterns are tried on single components of a name, in lower case.
const NORM = /norm|^ln(?:_|\d|$)|_ln$|^bn\d*$/;
const BIAS = /(?:^|_)bias$/;
/** Tables that some checkpoints carry although no training ever changes them. */
const BUFFER = /^(?:inv_freq|position_ids|masked_bias|rotary_emb|num_batches_tracked)$/;
const HEAD =
  /^(?:(?:.+_)?heads?|(?:.+_)?classifier|cls|score|fc|qa_outputs|embed_out|proj_out|(?:text|visual)_projection)$/;
const EMBEDDING = /embed|^(?:wte|wpe|shared|emb|(?:cls|class|mask|register|distillation)_tokens?)$/;
const ATTENTION = /att(?:n|ention)|qkv|^(?:query|key|value|query_key_value)$/;
const MLP =
  /mlp|ffn|moe|expert|feed_?forward|^(?:intermediate|densereludense|c_fc|fc\d*|lin[12]|(?:gate|up|down|gate_up)_proj)$/;

/**
 * Sorts a tensor by the names that common architectures give; "other" where none fits. Norms and heads keep their
 * biases.
 */
export function tensorKind(name: string, shape: Shape): TensorKind {
  const lower = name.toLowerCase();
  const parts = lower.split(".");
  const some = (pattern: RegExp, among = parts) => among.some((part) => pattern.test(part));
  if (some(BUFFER)) return "other";
  // Only the module itself: "norm1.linear.weight" is a projection.
  if (some(NORM, parts.slice(-2))) return "norm";
  const layer = layerOf(lower);
  // Inside a layer such words mean attention heads or patch mergers.
  const outside = layer === undefined ? parts : layer.prefix.split(".");
  if (some(HEAD, outside) || lower === "output.weight") return "head";
  if (some(EMBEDDING, outside)) return "embedding";
  // GPT-2 calls its causal mask "bias"; it has four axes. Experts' biases have two.
  if (BIAS.test(parts.at(-1) ?? "")) return shape.length === 1 || shape.length === 2 ? "bias" : "other";
  if (some(ATTENTION)) return "attention";
  // BERT's second MLP matrix is "encoder.layer.0.output.dense.weight".
  if (some(MLP) || layer?.rest.startsWith("output.dense.") === true) return "mlp";
  return "other";
}

const LANGUAGE_HEAD =
  /(?:^|\.)(?:lm_head|lm_head\.decoder|embed_out|output|output_layer|predictions\.decoder|proj_out)\.weight$/;
const TOKEN_EMBEDDING =
  /(?:^|\.)(?:embed_tokens|wte|tok_embeddings|word_embeddings?|embed_in|shared|token_embedding|embeddings?)\.weight$/;

/** True for the matrix that turns the last hidden state into a score per token of the vocabulary. */
export function isLanguageHead(name: string): boolean {
  return LANGUAGE_HEAD.test(name) && layerOf(name) === undefined;
}

/** True for the matrix that holds a vector per token of the vocabulary. */
export function isTokenEmbedding(name: string): boolean {
  return TOKEN_EMBEDDING.test(name) && layerOf(name) === undefined;
}

/** True for tensors that have a row for each token of the vocabulary: embeddings, heads and the biases of heads. */
export function hasTokenRows(name: string): boolean {
  const weight = name.replace(/\.bias$/, ".weight");
  return isTokenEmbedding(name) || isLanguageHead(weight) || /(?:^|\.)predictions\.bias$/.test(name);
}

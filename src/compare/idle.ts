import type { JsonObject } from "../sources/types.ts";

/**
 * Architectures whose attention adds no position to keys after their projection (no rotary embedding): a key's bias adds
 * the same to all scores of a query, which softmax ignores.
 */
const PLAIN_ATTENTION =
  /^(?:albert|bart|bert|blip|camembert|clip|deberta|deit|dinov2|distilbert|electra|hubert|mbart|opt|roberta|siglip|swin|vit|vit_mae|wav2vec2|xlm-roberta)(?:_(?:text|vision)_model)?$/;
const KEY_BIAS = /(?:^|\.)(?:k_proj|key|k_lin)\.bias$/;

/** Parts that an architecture carries and does not use for its output. */
const UNUSED: Readonly<Record<string, readonly { pattern: RegExp; reason: string }[]>> = {
  CLIPForImageClassification: [
    {
      pattern: /(?:^|\.)post_layernorm\./,
      reason: "CLIPForImageClassification pools the patches before this norm and never uses it.",
    },
  ],
};

/** Why no output depends on a tensor, where that follows from the architecture; undefined where nothing is known. */
export function idleReason(name: string, config: JsonObject | undefined): string | undefined {
  const { model_type: type, architectures } = config ?? {};
  if (typeof type === "string" && PLAIN_ATTENTION.test(type) && KEY_BIAS.test(name))
    return "A key's bias adds the same to all scores of a query, which softmax ignores.";
  const names = Array.isArray(architectures) ? architectures : [];
  const parts = names.flatMap((each) =>
    typeof each === "string" && Object.hasOwn(UNUSED, each) ? (UNUSED[each] ?? []) : [],
  );
  return parts.find(({ pattern }) => pattern.test(name))?.reason;
}

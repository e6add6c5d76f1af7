export const CONFIG_NAME = "config.json";
export const RECIPE_NAME = "mergekit_config.yml";
export const MODEL_CARD_NAME = "README.md";

const PARTIAL = /^\.stockpot-[0-9a-f]+-[^/]*\.partial$/;

/** Longer names are cut: with the rest, the temporary name must stay below the 255 bytes of file systems. */
const MAX_NAME_LENGTH = 64;

/** Temporary name in the output folder, for the file of that number in a run; the token tells runs apart. */
export function partialName(token: string, number: number, name: string): string {
  const shown = name.slice(name.lastIndexOf("/") + 1).slice(-MAX_NAME_LENGTH);
  return `.stockpot-${token}-${number}-${shown}.partial`;
}

export const isPartialName = (name: string): boolean => PARTIAL.test(name);

/** The index beside the shard of that name: "model.safetensors.index.json". */
export const indexName = (shard: string): string =>
  shard.replace(/-\d+-of-\d+\.safetensors$/, ".safetensors.index.json");

/** Weights and index as this sink and mergekit name them: those of an earlier run must not outlive a new one. */
export const isWeightName = (name: string): boolean =>
  /^(?:model|diffusion_pytorch_model)(?:-\d+(?:-of-\d+)?)?\.safetensors(?:\.index\.json)?$/.test(name);

export const INDEX_NAME = "model.safetensors.index.json";
export const CONFIG_NAME = "config.json";
export const RECIPE_NAME = "mergekit_config.yml";
export const MODEL_CARD_NAME = "README.md";

const PARTIAL = /^\.stockpot-[0-9a-f]+-.*\.partial$/;

/** Temporary name in the output folder; the token tells runs apart. */
export const partialName = (token: string, name: string): string => `.stockpot-${token}-${name}.partial`;

export const isPartialName = (name: string): boolean => PARTIAL.test(name);

/** Weights and index as this sink and mergekit name them: those of an earlier run must not outlive a new one. */
export const isWeightName = (name: string): boolean =>
  name === INDEX_NAME || /^model(-\d+(-of-\d+)?)?\.safetensors$/.test(name);

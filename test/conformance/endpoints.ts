import type { Value } from "../fixtures/method-recipes.ts";

/** Parameters at which a method must give back one of its inputs, bit for bit. */
export interface Endpoint {
  readonly title: string;
  readonly parameters?: Readonly<Record<string, Value>>;
  readonly modelParameters?: readonly Readonly<Record<string, Value>>[];
  /** The models are all given as copies of the first one. */
  readonly equalModels?: true;
  /** Position among the models, or the base. */
  readonly expected: "base" | number;
}

/** Every method has an entry here; a method without endpoints says so by an empty list. */
export const ENDPOINTS: Readonly<Record<string, readonly Endpoint[]>> = {
  model_stock: [
    { title: "equal fine-tunes give the fine-tune", equalModels: true, expected: 0 },
    {
      title: "equal fine-tunes give the fine-tune by rows",
      parameters: { filter_wise: true },
      equalModels: true,
      expected: 0,
    },
  ],
  linear: [
    {
      title: "weight 1 among zeros gives that model",
      modelParameters: [{ weight: 0 }, { weight: 1 }, { weight: 0 }],
      expected: 1,
    },
    {
      title: "a single weight is normalised away",
      modelParameters: [{ weight: 0.3 }, { weight: 0 }, { weight: 0 }],
      expected: 0,
    },
  ],
  task_arithmetic: [
    { title: "lambda 0 gives the base", parameters: { weight: 0.7, lambda: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0 }, expected: "base" },
    {
      title: "LiNeS from 0 to 0 gives the base",
      parameters: { lines_alpha: 0, lines_beta: 0 },
      expected: "base",
    },
  ],
  uniform_soup: [{ title: "equal fine-tunes give the fine-tune", equalModels: true, expected: 0 }],
  wise_ft: [
    { title: "alpha 0 gives the base", parameters: { alpha: 0 }, expected: "base" },
    { title: "alpha 1 gives the model", parameters: { alpha: 1 }, expected: 0 },
  ],
  slerp: [
    { title: "t = 0 gives the base", parameters: { t: 0 }, expected: "base" },
    { title: "t = 1 gives the model", parameters: { t: 1 }, expected: 0 },
  ],
  nuslerp: [
    {
      title: "all weight on the second gives that model",
      modelParameters: [{ weight: 0 }, { weight: 2 }],
      expected: 1,
    },
    {
      title: "all weight on the first gives that model by rows",
      parameters: { nuslerp_flatten: false },
      modelParameters: [{ weight: 1 }, { weight: 0 }],
      expected: 0,
    },
    {
      title: "equal fine-tunes give the fine-tune",
      modelParameters: [{ weight: 0.3 }, { weight: 0.4 }],
      equalModels: true,
      expected: 0,
    },
  ],
  multislerp: [
    {
      title: "weight 1 among zeros gives that model",
      modelParameters: [{ weight: 0 }, { weight: 1 }, { weight: 0 }],
      expected: 1,
    },
    {
      title: "equal fine-tunes give the fine-tune",
      modelParameters: [{ weight: 0.3 }, { weight: 0.4 }, { weight: 0.5 }],
      equalModels: true,
      expected: 0,
    },
  ],
  karcher: [{ title: "equal models give the model", equalModels: true, expected: 0 }],
  geometric_median: [
    { title: "equal fine-tunes give the fine-tune", equalModels: true, expected: 0 },
    {
      title: "most of the weight gives that model",
      modelParameters: [{ weight: 1 }, { weight: 2.5 }, { weight: 1 }],
      expected: 1,
    },
  ],
  metagpt: [{ title: "equal fine-tunes give the fine-tune", equalModels: true, expected: 0 }],
  passthrough: [{ title: "the model comes through", expected: 0 }],
  ties: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  dare_linear: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  dare_ties: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  della: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  della_linear: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  breadcrumbs: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  breadcrumbs_ties: [
    { title: "density 0 gives the base", parameters: { weight: 1, density: 0 }, expected: "base" },
    { title: "weight 0 gives the base", parameters: { weight: 0, density: 0.5 }, expected: "base" },
    {
      title: "lambda 0 gives the base",
      parameters: { weight: 1, density: 0.5, lambda: 0 },
      expected: "base",
    },
  ],
  sce: [{ title: "nothing selected gives the base", parameters: { select_topk: 0 }, expected: "base" }],
  ram: [
    { title: "an epsilon above all changes gives the base", parameters: { epsilon: 1e6 }, expected: "base" },
  ],
  ramplus_tl: [
    { title: "an epsilon above all changes gives the base", parameters: { epsilon: 1e6 }, expected: "base" },
  ],
  magmax: [
    { title: "lambda 0 gives the base", parameters: { lambda: 0 }, expected: "base" },
    {
      title: "equal fine-tunes give the fine-tune",
      parameters: { lambda: 1 },
      equalModels: true,
      expected: 0,
    },
  ],
  consensus_ta: [{ title: "lambda 0 gives the base", parameters: { lambda: 0 }, expected: "base" }],
  arcee_fusion: [],
  nearswap: [
    { title: "t = 0 gives the base", parameters: { t: 0 }, expected: "base" },
    { title: "a large t gives the model", parameters: { t: 1e6 }, expected: 0 },
  ],
};

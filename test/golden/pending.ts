/** Cases that this version does not run yet, with the reason. One that passes all the same fails the suite. */
export const PENDING: Readonly<Record<string, string>> = {
  "arcee-fusion": "method arcee_fusion",
  breadcrumbs: "method breadcrumbs",
  "breadcrumbs-ties": "method breadcrumbs_ties",
  "dare-linear-seeded": "method dare_linear",
  "dare-ties-no-draws": "method dare_ties",
  "dare-ties-seeded": "method dare_ties",
  "della-linear-seeded": "method della_linear",
  "della-seeded": "method della",
  nearswap: "method nearswap",
  ram: "method ram",
  "ramplus-tl": "method ramplus_tl",
  "sce-topk": "method sce",
  "ties-density": "method ties",
  "ties-gradient-unnormalized": "method ties",
  "tokenizer-union": "tokenizer",
};

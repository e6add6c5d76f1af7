/** Top-level keys of mergekit's language, and of Stockpot's to come, that this version knows but does not run. */
export const UNSUPPORTED_KEYS: Readonly<Record<string, string>> = {
  modules: "models of several modules (vision tower, encoder and decoder) are merged as one",
  tokenizer: "vocabularies are not aligned; the tokenizer of the base is carried over",
  tokenizer_source: "vocabularies are not aligned; the tokenizer of the base is carried over",
  chat_template: "the chat template of the base is carried over",
  compare: "variants are not compared",
  evaluate: "models are not evaluated",
  seed: "no method that draws random numbers is built in",
  methods: "methods of a recipe's own are not read",
  name: "only recipes among several in one file have names",
};

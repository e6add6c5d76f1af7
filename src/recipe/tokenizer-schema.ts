import { MAX_LIST_LENGTH } from "./limits.ts";
import { mapOf, record, ref } from "./schema-forms.ts";
import type { JsonObject } from "../sources/types.ts";

const PLACED: JsonObject = {
  ...record("A row that is placed: zeros, or that of another token.", ["kind"], {
    kind: {
      description: "zero: a row of zeros. model_token: the row of another token.",
      enum: ["zero", "model_token"],
    },
    model: { ...ref("model"), description: "For model_token: the model that has the row." },
    token: { description: "For model_token: the token, as its tokenizer spells it.", type: "string" },
    token_id: { description: "For model_token: the number of the row.", type: "integer", minimum: 0 },
  }),
  type: ["string", "object"],
};

const TOKEN: JsonObject = record("Where the row of this token comes from.", [], {
  source: {
    description: "A model: its row of the same token. Or a mapping with `kind`.",
    if: { required: ["kind"], type: "object" },
    then: PLACED,
    else: ref("model"),
  },
  force: {
    description: "Give the row to models that have the token as well.",
    type: "boolean",
    default: false,
  },
});

const MEANING = "union: all tokens of all models. base: the base model's tokens. Or a model: its tokens.";
const source = (description: string): JsonObject => ({
  ...ref("model"),
  description,
  examples: ["union", "base"],
});

/** The keys of a recipe that say what becomes of tokenizer and chat template. */
export const TOKENIZER_KEYS: JsonObject = {
  tokenizer_source: source(`Short for tokenizer: {source: ...}. ${MEANING}`),
  tokenizer: record("Which tokens the output has, and where their rows in the embeddings come from.", [], {
    source: { ...source(MEANING), default: "union" },
    tokens: mapOf("Sources of single tokens, by the token.", TOKEN, MAX_LIST_LENGTH),
    pad_to_multiple_of: {
      description: "Pad the embeddings with rows up to a multiple of this.",
      type: "integer",
      minimum: 1,
    },
  }),
  chat_template: {
    description:
      "auto (the one that most models have), the name of a built-in template, or a Jinja template.",
    type: "string",
    minLength: 1,
  },
};

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeNormal, seedFromText } from "../fixtures/random.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureTensor } from "../fixtures/write-safetensors.ts";

export const WIDTH = 6;
const EMBEDDING = "model.embed_tokens.weight";
export const HEAD = "lm_head.weight";
export const OVER_VOCABULARY = [EMBEDDING, HEAD] as const;

export interface TokenModelOptions {
  /** Small files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Rows of embedding and head; as many as the tokens of tokenizer.json unless given. */
  readonly rows?: number;
  readonly dtype?: TinyDtype;
  readonly config?: Readonly<Record<string, unknown>>;
  /** The head is tied to the embedding, and not stored. */
  readonly tied?: boolean;
  /** More tensors, by name with their shapes. */
  readonly extra?: Readonly<Record<string, readonly number[]>>;
  /** The tensors themselves; random ones unless given. */
  readonly tensors?: TokenModel["tensors"];
}

/** A model of two layers, an embedding and a head, as a test knows it. */
export interface TokenModel {
  readonly name: string;
  /** Of the tokenizer.json. */
  readonly ids: ReadonlyMap<string, number>;
  readonly rows: number;
  readonly tensors: Readonly<Record<string, FixtureTensor>>;
}

/** Tokens and ids as libraries have them: an added token that the model knows keeps the model's id. */
export function idsOf(tokenizerJson: string): Map<string, number> {
  const { model, added_tokens: added } = JSON.parse(tokenizerJson) as {
    model: { vocab: Record<string, number> | [string, number][] };
    added_tokens: { id: number; content: string }[];
  };
  const ids = new Map(
    Array.isArray(model.vocab)
      ? model.vocab.map(([token], id): [string, number] => [token, id])
      : Object.entries(model.vocab),
  );
  for (const { id, content } of added) if (!ids.has(content)) ids.set(content, id);
  return ids;
}

/** Writes a model as a folder below `root`; the values are random, the same for the same name. */
export async function writeTokenModel(
  root: string,
  name: string,
  { files, dtype = "F32", config = {}, tied = false, extra = {}, ...options }: TokenModelOptions,
): Promise<TokenModel> {
  const ids = idsOf(files["tokenizer.json"] ?? '{"model":{"vocab":{}},"added_tokens":[]}');
  const rows = options.rows ?? Math.max(0, ...ids.values()) + 1;
  const normal = makeNormal(seedFromText(name, 7));
  const shapes: Record<string, readonly number[]> = {
    [EMBEDDING]: [rows, WIDTH],
    "model.layers.0.mlp.down_proj.weight": [WIDTH, 4],
    "model.layers.1.mlp.down_proj.weight": [WIDTH, 4],
    "model.norm.weight": [WIDTH],
    ...(tied ? {} : { [HEAD]: [rows, WIDTH] }),
    ...extra,
  };
  const random = Object.fromEntries(
    Object.entries(shapes).map(([tensor, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [tensor, { dtype, shape, values: Array.from({ length }, () => roundTo(normal(), dtype)) }];
    }),
  );
  const { tensors = random } = options;
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  await writeWeights(folder, tensors);
  const whole = { architectures: ["LlamaForCausalLM"], num_hidden_layers: 2, vocab_size: rows, ...config };
  const all = { "config.json": JSON.stringify({ ...whole, tie_word_embeddings: tied }), ...files };
  for (const [file, text] of Object.entries(all)) await writeFile(join(folder, file), text);
  return { name, ids, rows, tensors };
}

/** Where the row of a token comes from for a model that lacks it: written by a test. */
export type Source =
  | "zero"
  | { readonly model: string }
  | { readonly model: string; readonly token: string }
  | { readonly model: string; readonly id: number };

export interface Asked {
  readonly base?: string;
  readonly tokens?: Readonly<Record<string, { readonly source?: Source; readonly force?: boolean }>>;
}

/**
 * mergekit's rules, token by token in float64: the row of a token in a model's tensor before the merge. A model's own
 * row; or what the recipe says; or the row of the only model that has it, or the base's, or the mean of all that have it.
 */
export function rowBefore(
  token: string,
  model: TokenModel,
  models: readonly TokenModel[],
  tensor: string,
  { base, tokens = {} }: Asked,
): number[] {
  const rowAt = (of: TokenModel | undefined, id = NaN): number[] => {
    const values = of?.tensors[tensor]?.values ?? of?.tensors[EMBEDDING]?.values ?? [];
    return Array.from({ length: WIDTH }, (_, column) => values[id * WIDTH + column] ?? NaN);
  };
  const named = (name: string) => models.find((each) => each.name === name);
  const { source, force = false } = tokens[token] ?? {};
  const has = (each: TokenModel) => (each.ids.get(token) ?? Infinity) < each.rows;
  if (has(model) && !force) return rowAt(model, model.ids.get(token));
  if (source === "zero") return new Array<number>(WIDTH).fill(0);
  if (source !== undefined) {
    const of = named(source.model);
    return rowAt(of, "id" in source ? source.id : of?.ids.get("token" in source ? source.token : token));
  }
  const holders = models.filter(has);
  const bases = holders.find(({ name }) => name === base);
  const chosen = bases === undefined ? holders : [bases];
  const rows = chosen.map((each) => rowAt(each, each.ids.get(token)));
  return Array.from({ length: WIDTH }, (_, column) =>
    rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + (row[column] ?? NaN), 0) / rows.length,
  );
}

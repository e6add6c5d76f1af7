import { PlanError } from "../errors.ts";
import { plainFlags } from "./added-tokens.ts";
import { byId, MAX_TOKENS } from "./token-ids.ts";
import { ADDED_TOKEN_FLAGS } from "./types.ts";
import type { AddedToken, AlignedModel, TokenizerSetting, Vocabulary } from "./types.ts";

/** The tokens of the merged model, and the rows that its embeddings will have. */
export interface OutputVocabulary {
  /** Position of the model whose tokenizer files are the starting point. */
  readonly donor: number;
  readonly ids: ReadonlyMap<string, number>;
  readonly added: ReadonlyMap<string, AddedToken>;
  /** One more than the largest id. */
  readonly length: number;
  readonly rows: number;
  /**
   * What rows without a token hold: "kept", the models' own padding rows; "mean", past the vocabulary the mean of its
   * rows, as mergekit pads to a multiple.
   */
  readonly padding: "kept" | "mean";
  /** Ordinary tokens that the donor lacks, with the position of the model that brings each; in the order of ids. */
  readonly brought: ReadonlyMap<string, number>;
  /** Tokens of the donor that have no row in it and so are left out. */
  readonly removed: readonly string[];
  /** Added tokens whose flags differ between models; the first definition is kept. */
  readonly conflicts: readonly string[];
}

/**
 * The output vocabulary that a recipe asks for. "base" is the base's (the first model's, if there is no base), without
 * tokens that have no row; a model's is that model's as it is; "union" is the base's followed by the ordinary tokens
 * and then by the added tokens that other models have a row for, each in recipe order and then by id.
 */
export function outputVocabulary(
  models: readonly AlignedModel[],
  base: number | undefined,
  setting: TokenizerSetting,
): OutputVocabulary {
  const { source } = setting;
  const donor = typeof source === "object" ? positionOf(models, source.model, "tokenizer") : (base ?? 0);
  const model = modelAt(models, donor);
  const draft = new Draft(model.vocabulary, typeof source === "object" ? Infinity : model.rows);
  if (source === "union") {
    models.forEach((each, position) => draft.addOrdinary(each, position));
    models.forEach((each) => draft.addAdded(each));
  }
  for (const token of setting.tokens.keys()) draft.addConfigured(token);
  const { ids, added, length, brought, removed } = draft;
  const multiple = setting.padToMultipleOf;
  const rows =
    multiple === undefined ? Math.max(length, model.rows) : Math.ceil(length / multiple) * multiple;
  if (rows > MAX_TOKENS) {
    const message = `The output would have ${rows} rows of embeddings; at most ${MAX_TOKENS} are aligned`;
    throw new PlanError("PLAN_TOKENIZER", message, { hint: "Use a smaller pad_to_multiple_of." });
  }
  return {
    donor,
    ids,
    added,
    length,
    rows,
    padding: multiple === undefined ? "kept" : "mean",
    brought,
    removed,
    conflicts: [...draft.conflicts],
  };
}

/** Position of the model that a recipe names for its tokenizer or a token; it must be one of the merge's inputs. */
export function positionOf(models: readonly AlignedModel[], reference: string, what: string): number {
  const position = models.findIndex((model) => model.reference === reference);
  if (position >= 0) return position;
  const message = `${what} is to come from ${reference}, which is not an input of the merge`;
  const hint = `Name one of ${models.map((model) => model.reference).join(", ")}.`;
  throw new PlanError("PLAN_TOKENIZER", message, { where: reference, hint });
}

export function modelAt<M extends AlignedModel>(models: readonly M[], position: number): M {
  const model = models[position];
  if (model === undefined) throw new PlanError("PLAN_TOKENIZER", `There is no model ${position}`);
  return model;
}

class Draft {
  readonly ids = new Map<string, number>();
  readonly added = new Map<string, AddedToken>();
  readonly brought = new Map<string, number>();
  readonly removed: string[] = [];
  readonly conflicts = new Set<string>();
  length = 0;

  /** Starts from the tokens of a vocabulary whose ids are below `rows`. */
  constructor(vocabulary: Vocabulary, rows: number) {
    for (const [token, id] of vocabulary.ids) {
      if (id >= rows) this.removed.push(token);
      else {
        this.ids.set(token, id);
        this.length = Math.max(this.length, id + 1);
      }
    }
    for (const token of vocabulary.added.values()) if (token.id < rows) this.added.set(token.content, token);
  }

  addOrdinary({ vocabulary, rows }: AlignedModel, position: number): void {
    const fresh: [string, number][] = [];
    for (const entry of vocabulary.ids) {
      const [token, id] = entry;
      if (id < rows && !this.ids.has(token) && !vocabulary.added.has(token)) fresh.push(entry);
    }
    for (const [token] of byId(fresh)) {
      this.#append(token);
      this.brought.set(token, position);
    }
  }

  addAdded({ vocabulary, rows }: AlignedModel): void {
    const tokens = [...vocabulary.added.values()].filter(({ id }) => id < rows);
    for (const { content, flags } of tokens.sort((a, b) => a.id - b.id)) {
      const known = this.added.get(content);
      if (known === undefined) {
        const outside = !this.ids.has(content);
        this.added.set(content, {
          content,
          id: this.ids.get(content) ?? this.#append(content),
          flags,
          outside,
        });
      } else if (ADDED_TOKEN_FLAGS.some((flag) => flags[flag] !== known.flags[flag])) {
        this.conflicts.add(content);
      }
    }
  }

  addConfigured(content: string): void {
    if (this.ids.has(content)) return;
    const id = this.#append(content);
    this.added.set(content, { content, id, flags: plainFlags(false), outside: true });
  }

  #append(token: string): number {
    const id = this.length++;
    this.ids.set(token, id);
    return id;
  }
}

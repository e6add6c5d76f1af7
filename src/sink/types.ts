import type { AnyMethod } from "../methods/define.ts";
import type { LockedInput } from "../lock/lock-file.ts";
import type { LargeText, ModelHeaders } from "../sources/types.ts";

/** A small file of the output that is not the donor's. */
export type OwnFile =
  | {
      readonly text: string | LargeText;
      readonly role: "config" | "tokenizer";
      /** Keys whose value is not the donor's, as dotted paths. */
      readonly edited?: readonly string[];
    }
  /** As this model has it. */
  | { readonly from: string };

export interface SinkOptions {
  /** Accept a folder that is not empty, and replace the weights in it. */
  readonly force: boolean;
  /** The merge's models by reference; the plan's donor among them gives config.json and the side files. */
  readonly models: ReadonlyMap<string, ModelHeaders>;
  /** Small files that are not the donor's, by name; "none" leaves one out that the donor has. */
  readonly ownFiles?: ReadonlyMap<string, OwnFile | "none"> | undefined;
  /** The recipe as read, carried into the output. */
  readonly recipeText: string;
  /** Digests of what the merge reads, for the model card. */
  readonly inputs?: readonly LockedInput[] | undefined;
  /** False: neither a model card nor the recipe is written. */
  readonly modelCard?: boolean | undefined;
  /** The caller's own methods, which the plan may name beside the built-in ones. */
  readonly methods?: readonly AnyMethod[] | undefined;
}

export interface WrittenFile {
  readonly name: string;
  readonly byteLength: number;
  /**
   * "copied": as the donor had it, or the model `from`; "tokenizer": made for the output's tokens or chat template;
   * "made": written by Stockpot (recipe, model card, lock file).
   */
  readonly role: "weights" | "index" | "config" | "tokenizer" | "copied" | "made";
  readonly from?: string;
  /** Keys of config.json whose value is not the donor's, as dotted paths. */
  readonly edited?: readonly string[];
  /** In lower-case hex; of all files but the model card and the lock file, if there is one. */
  readonly sha256?: string;
}

/** What goes into the lock file, known when all weights are written. */
export interface LockParts {
  /** In the order of `plan.output.shards`. */
  readonly shardSha256: readonly string[];
  readonly text: (files: readonly WrittenFile[]) => string;
}

export interface Sink {
  /** Absolute path of the output folder. */
  readonly directory: string;
  /**
   * The shards under their temporary names, in the order of `plan.output.shards`: header written, final length set,
   * tensors to be written at the plan's offsets by whoever opens them.
   */
  readonly shardPaths: readonly string[];
  /** Gives every file its final name; the weights come after the small files, the index last. */
  readonly commit: (lock?: LockParts) => Promise<readonly WrittenFile[]>;
  /** Removes all that this sink wrote, unless `commit` has finished; may be called again. */
  readonly abort: () => Promise<void>;
}

import type { HubSettings } from "../hub/environment.ts";
import type { Problem } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";

export interface VerifyOptions {
  /** The output folder of a merge. */
  readonly out: string;
  /** Folder that relative paths start from, those of the recipe's models too; the working directory by default. */
  readonly cwd?: string | undefined;
  /** Reads the weights of the inputs too, and compares them with the digests that the lock file has. */
  readonly hashInputs?: boolean | undefined;
  /** Merge methods of your own, which the recipe may name. */
  readonly methods?: readonly AnyMethod[] | undefined;
  /** Runs the code of modules that the recipe names under `methods`, to plan anew. */
  readonly allowCode?: boolean | undefined;
  /** Where models of the Hub are cached; the network is never asked. */
  readonly hub?: HubSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface VerifiedFile {
  readonly name: string;
  /** In the lock file; of an extra file, as it is. */
  readonly byteLength: number;
  /** "changed": another length or digest than the lock file's; "extra": weights that the merge did not write. */
  readonly state: "intact" | "changed" | "missing" | "extra";
}

/** What became of an output since it was written, as plain JSON. */
export interface VerifyReport {
  /** Absolute path of the output folder. */
  readonly out: string;
  /** Version of Stockpot that wrote it. */
  readonly stockpot: string;
  /** No problem is an error. */
  readonly intact: boolean;
  readonly files: readonly VerifiedFile[];
  readonly hashedBytes: number;
  /** In the headers of the weights that are there. */
  readonly tensorCount: number;
  /** The recipe was planned again: every tensor was compared with the plan. */
  readonly replanned: boolean;
  /** Inputs that were found and compared. */
  readonly inputCount: number;
  readonly problems: readonly Problem[];
}

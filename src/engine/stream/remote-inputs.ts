import type { HubFile } from "../../sources/types.ts";
import type { FilePosition, StoredRange } from "./ranges.ts";

/** Takes bytes that follow each other. */
export interface Target {
  /** Where the next ones go; at least one. */
  space(): Uint8Array;
  /** So many have come there. */
  came(byteLength: number): void;
}

/** Input files that are not on this machine. */
export interface RemoteInputs {
  isRemote(position: FilePosition): boolean;
  /** Brings the bytes of a range, each once, in several parts at a time; `target` takes those from its place in the range on. */
  fetch(range: StoredRange, target: (at: number) => Target): Promise<void>;
  /** What is known of a file. */
  listed(position: FilePosition): Pick<HubFile, "byteLength" | "hash" | "algorithm"> | undefined;
  /** The error for a file that came with another hash. */
  wrong(position: FilePosition, digest: string): Error | undefined;
}

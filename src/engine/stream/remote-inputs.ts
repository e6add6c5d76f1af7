import type { HubFile } from "../../sources/types.ts";
import type { FilePosition, StoredRange } from "./ranges.ts";

/** Input files that are not on this machine. */
export interface RemoteInputs {
  isRemote(position: FilePosition): boolean;
  /** Hands over the bytes of a range, each once, with their places in it. */
  fetch(range: StoredRange, write: (bytes: Uint8Array, at: number) => void): Promise<void>;
  /** What is known of a file. */
  listed(position: FilePosition): Pick<HubFile, "byteLength" | "hash" | "algorithm"> | undefined;
  /** The error for a file that came with another hash. */
  wrong(position: FilePosition, digest: string): Error | undefined;
}

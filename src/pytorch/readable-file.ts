/** A file, or anything else of a known length that can be read by position. */
export interface ReadableFile {
  readonly byteLength: number;
  /** Exactly these bytes, or a MergeError. */
  readonly read: (offset: number, byteLength: number) => Promise<Uint8Array>;
}

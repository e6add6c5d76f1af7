/** Sizes and times of transfers. */
export interface TransferLimits {
  /** Unit of ranged downloads in bytes: what is lost at most when a connection breaks at the worst moment. */
  readonly chunkBytes: number;
  /** Connections at a time, over all files. */
  readonly connections: number;
  /** A connection on which nothing arrives for so long is given up (ms). */
  readonly stallMs: number;
  /** Failures in a row, without a byte between them, before a transfer is given up. */
  readonly attempts: number;
  /** First pause after a failure (ms); doubled with each more, half of it at random. */
  readonly firstPauseMs: number;
  /** Longest pause, also when a server asks for more (ms). */
  readonly longestPauseMs: number;
  /** A lock that its holder has not renewed for so long belongs to a process that is gone (ms). */
  readonly staleLockMs: number;
}

export const TRANSFER_LIMITS: TransferLimits = {
  chunkBytes: 8 * 2 ** 20,
  connections: 8,
  stallMs: 30_000,
  attempts: 6,
  firstPauseMs: 500,
  // The Hub counts requests in windows of five minutes.
  longestPauseMs: 310_000,
  staleLockMs: 5_000,
};

/** Of one answer of the API; a page of the file list has about 300 kB. */
export const MAX_ANSWER_BYTES = 32 * 2 ** 20;
/** Pages of a file list, of up to 1000 files each. */
export const MAX_PAGES = 200;
/** Of one file: the Hub itself takes no more than 500 GB. */
export const MAX_FILE_BYTES = 2 ** 42;
/** Of the small files beside the weights; the largest tokenizers take a third of it. */
export const MAX_SMALL_FILE_BYTES = 100e6;
/** A redirect to the storage, and one or two for a repository that was renamed. */
export const MAX_REDIRECTS = 5;

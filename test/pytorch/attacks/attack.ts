import type { ErrorCode } from "../../../src/errors.ts";
import * as p from "../write-pickle.ts";

/** A file that breaks one rule. */
export interface Attack {
  readonly title: string;
  readonly file: Buffer;
  readonly code: ErrorCode;
  readonly words?: RegExp;
}

/** A tensor of six elements. */
export const one = { length: 6, shape: [2, 3], strides: [3, 1] };
export const bytes = (length: number): Uint8Array => new Uint8Array(length);
/** The pickle that all attacks start from. */
export const good = p.pickle(p.dict({ w: p.tensor(one) }));
export const step = (...codes: readonly number[]): Buffer => Buffer.from(codes);
export const repeated = (steps: Buffer, times: number): Buffer => Buffer.alloc(steps.length * times, steps);
/** The good pickle with another value. */
export const inDict = (content: Buffer): Buffer => p.pickle(p.dict({ w: p.tensor(one), other: content }));
/** A checkpoint with this pickle and the storage of the good one. */
export const of = (pickle: Buffer): Buffer => p.checkpoint(pickle, { 0: bytes(24) });

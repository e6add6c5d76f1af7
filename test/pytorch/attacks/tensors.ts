import * as p from "../write-pickle.ts";
import { bytes, good, one } from "./attack.ts";
import type { Attack } from "./attack.ts";

export const TENSORS: readonly Attack[] = [
  {
    title: "a tensor that reaches one element beyond its storage",
    file: p.oneTensor({ ...one, storageOffset: 1 }, bytes(28)),
    code: "FORMAT_OFFSETS",
    words: /tensor "w" needs 1 \+ 6 elements/,
  },
  {
    title: "a stride that leaves the storage",
    file: p.oneTensor({ ...one, strides: [4, 1] }, bytes(24)),
    code: "FORMAT_OFFSETS",
  },
  {
    title: "an offset of 2^53 - 1",
    file: p.oneTensor({ ...one, storageOffset: Number.MAX_SAFE_INTEGER }, bytes(24)),
    code: "FORMAT_OFFSETS",
  },
  {
    title: "strides whose product overflows",
    file: p.oneTensor({ length: 6, shape: [2, 2], strides: [2 ** 53 - 1, 2 ** 53 - 1] }, bytes(24)),
    code: "FORMAT_OFFSETS",
  },
  {
    title: "a storage that is larger than its entry",
    file: p.oneTensor({ ...one, length: 7 }, bytes(24)),
    code: "FORMAT_OFFSETS",
    words: /28 bytes, of which the file has 24/,
  },
  {
    title: "a storage without an entry",
    file: p.checkpoint(good),
    code: "FORMAT_ZIP",
    words: /storage "0", which is missing/,
  },
  {
    title: "a key that leaves the data folder",
    file: p.oneTensor({ ...one, key: "../../../etc/passwd" }, bytes(24)),
    code: "FORMAT_ZIP",
  },
  {
    title: "an expanded tensor of terabytes",
    file: p.oneTensor({ length: 6, shape: [2 ** 20, 2 ** 20], strides: [0, 0] }, bytes(24)),
    code: "FORMAT_SHAPE",
  },
  {
    title: "a shape that no number holds",
    file: p.oneTensor(
      { length: 6, shape: new Array<number>(40).fill(2 ** 50), strides: new Array<number>(40).fill(0) },
      bytes(24),
    ),
    code: "FORMAT_SHAPE",
  },
];

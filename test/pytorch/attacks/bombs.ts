import * as p from "../write-pickle.ts";
import { writeZip } from "../write-zip.ts";
import { bytes, good, of, repeated, step } from "./attack.ts";
import type { Attack } from "./attack.ts";

export const BOMBS: readonly Attack[] = [
  {
    title: "a million values on the stack",
    file: of(p.pickle(repeated(p.NONE, 2_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
  },
  { title: "marks upon marks", file: of(p.pickle(repeated(p.MARK, 5_000_000))), code: "FORMAT_PICKLE_LIMIT" },
  {
    title: "a million dictionaries",
    file: of(p.pickle(repeated(Buffer.from("}0"), 2_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
  },
  {
    title: "a million kept values",
    file: of(p.pickle(p.NONE, repeated(step(0x94), 4_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
  },
  {
    title: "tuples nested a million times",
    file: of(p.pickle(p.EMPTY_TUPLE, repeated(step(0x85), 2_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
  },
  {
    title: "millions of steps that come to nothing",
    file: of(p.pickle(repeated(Buffer.from("N0"), 8_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
    words: /steps/,
  },
  {
    title: "a list of millions of values",
    file: of(p.pickle(step(0x5d), repeated(Buffer.from("Na"), 8_000_000))),
    code: "FORMAT_PICKLE_LIMIT",
    words: /lists hold/,
  },
  {
    title: "a pickle of 33 MB",
    file: p.checkpoint(Buffer.alloc(33 * 2 ** 20)),
    code: "FORMAT_PICKLE_LIMIT",
    words: /model\/data\.pkl/,
  },
  {
    title: "a byte order of 100 bytes",
    file: writeZip([
      { name: "m/data.pkl", bytes: good },
      { name: "m/byteorder", bytes: bytes(100) },
    ]),
    code: "FORMAT_PICKLE_LIMIT",
  },
];

import * as p from "../write-pickle.ts";
import { bytes, good, inDict, of, one, step } from "./attack.ts";
import type { Attack } from "./attack.ts";

const stackGlobal = (module: string, name: string) =>
  Buffer.concat([p.text(module), p.text(name), step(0x93)]);

export const PICKLES: readonly Attack[] = [
  {
    title: "a forbidden name by its pieces",
    file: of(inDict(stackGlobal("os", "system"))),
    code: "FORMAT_PICKLE_GLOBAL",
  },
  {
    title: "a name with a terminal's control codes",
    file: of(inDict(p.global("a\x1b[31m", "b"))),
    code: "FORMAT_PICKLE_GLOBAL",
    words: /"a\\u001b\[31m\.b"/,
  },
  {
    title: "a name of an allowed module's own attribute",
    file: of(inDict(p.global("collections", "OrderedDict.fromkeys"))),
    code: "FORMAT_PICKLE_GLOBAL",
  },
  {
    title: "a call of a string",
    file: of(inDict(p.call(p.text("os.system"), p.text("x")))),
    code: "FORMAT_PICKLE",
    words: /called/,
  },
  {
    title: "a call of a dtype",
    file: of(inDict(p.call(p.global("torch", "float32")))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a call of a tensor's maker by itself",
    file: of(
      inDict(
        p.call(
          p.global("torch._tensor", "_rebuild_from_type_v2"),
          p.global("torch._tensor", "_rebuild_from_type_v2"),
          p.global("torch", "Tensor"),
          p.tuple(),
          p.NONE,
        ),
      ),
    ),
    code: "FORMAT_PICKLE",
  },
  {
    title: "an instance by class name",
    file: of(p.pickle(p.MARK, Buffer.from("ios\nsystem\n"))),
    code: "FORMAT_PICKLE",
    words: /opcode 0x69/,
  },
  {
    title: "an extension code",
    file: of(p.pickle(step(0x82, 1))),
    code: "FORMAT_PICKLE",
    words: /opcode 0x82/,
  },
  { title: "a buffer outside the pickle", file: of(p.pickle(step(0x97))), code: "FORMAT_PICKLE" },
  {
    title: "a protocol of the future",
    file: of(Buffer.concat([step(0x80, 6), good])),
    code: "FORMAT_PICKLE",
    words: /protocol 6/,
  },
  {
    title: "a pickle that never stops",
    file: of(good.subarray(0, -1)),
    code: "FORMAT_PICKLE",
    words: /ends early/,
  },
  { title: "an empty pickle", file: of(Buffer.alloc(0)), code: "FORMAT_PICKLE" },
  {
    title: "a stop with nothing to give",
    file: of(p.pickle()),
    code: "FORMAT_PICKLE",
    words: /a value is missing/,
  },
  {
    title: "a value taken from below a mark",
    file: of(p.pickle(p.NONE, p.MARK, p.EMPTY_TUPLE, p.REDUCE)),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a tuple without a mark",
    file: of(p.pickle(step(0x74))),
    code: "FORMAT_PICKLE",
    words: /a mark is missing/,
  },
  {
    title: "a value that was never kept",
    file: of(p.pickle(step(0x68, 9))),
    code: "FORMAT_PICKLE",
    words: /kept as 9/,
  },
  {
    title: "a string longer than the file",
    file: of(p.pickle(step(0x58, 0xff, 0xff, 0xff, 0xff))),
    code: "FORMAT_PICKLE",
    words: /ends early/,
  },
  {
    title: "a string of 2^64 bytes",
    file: of(p.pickle(step(0x8d, ...bytes(8).fill(255)))),
    code: "FORMAT_PICKLE",
    words: /ends early/,
  },
  {
    title: "a string that is not UTF-8",
    file: of(p.pickle(step(0x8c, 1, 0xff))),
    code: "FORMAT_PICKLE",
    words: /UTF-8/,
  },
  {
    title: "an odd number of keys and values",
    file: of(p.pickle(p.EMPTY_DICT, p.MARK, p.NONE, p.SETITEMS)),
    code: "FORMAT_PICKLE",
  },
  {
    title: "entries set in a list",
    file: of(p.pickle(step(0x5d), p.NONE, p.NONE, step(0x73))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "items added to a dictionary",
    file: of(p.pickle(p.EMPTY_DICT, p.NONE, step(0x61))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "attributes of a number",
    file: of(p.pickle(p.int(1), p.EMPTY_DICT, step(0x62))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a persistent id that is no storage",
    file: of(p.pickle(p.tuple(p.text("module"), p.NONE), step(0x51))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a storage of less than no elements",
    file: of(p.pickle(p.dict({ w: p.tensor({ ...one, length: -1 }) }))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "one storage in two sizes",
    file: of(p.pickle(p.dict({ a: p.tensor(one), b: p.tensor({ ...one, length: 5 }) }))),
    code: "FORMAT_PICKLE",
    words: /two ways/,
  },
  {
    title: "one storage in two dtypes",
    file: of(p.pickle(p.dict({ a: p.tensor(one), b: p.tensor({ ...one, type: "IntStorage" }) }))),
    code: "FORMAT_PICKLE",
    words: /two ways/,
  },
  {
    title: "a tensor on a number",
    file: of(
      inDict(p.call(p.global("torch._utils", "_rebuild_tensor_v2"), ...[1, 2, 3, 4, 5, 6].map(p.int))),
    ),
    code: "FORMAT_PICKLE",
  },
  {
    title: "fewer strides than axes",
    file: of(inDict(p.tensor({ ...one, strides: [1] }))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a negative stride",
    file: of(inDict(p.tensor({ ...one, strides: [-3, 1] }))),
    code: "FORMAT_PICKLE",
  },
  {
    title: "a negative offset",
    file: of(inDict(p.tensor({ ...one, storageOffset: -1 }))),
    code: "FORMAT_PICKLE",
  },
];

/** A file that breaks one rule of the safetensors format. */
export interface FileAttack {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly code: string;
  /** Tensor that the message must name. */
  readonly tensor?: string;
}

/** A header of this text, with the length that it says (its own if absent), before `data` zero bytes. */
function file(header: string | Uint8Array, data = 0, length?: bigint): Uint8Array {
  const json = Buffer.from(header);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([start, json, Buffer.alloc(data)]);
}

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

/** A file whose only tensor, "w", is described like this. */
const one = (dtype: string, shape: string, offsets: string, data: number) =>
  file(`{"w":${entry(dtype, shape, offsets)}}`, data);

const GOOD = entry('"U8"', "[2]", "[0,2]");

const byRule = (code: string, attacks: Record<string, Uint8Array>, tensor?: string): FileAttack[] =>
  Object.entries(attacks).map(([title, bytes]) => ({
    title,
    bytes,
    code,
    ...(tensor === undefined ? {} : { tensor }),
  }));

export const FILE_ATTACKS: readonly FileAttack[] = [
  ...byRule("FORMAT_TRUNCATED", {
    "an empty file": new Uint8Array(),
    "a file too short for a header length": Uint8Array.of(2, 0, 0, 0, 0, 0, 0),
  }),
  ...byRule(
    "FORMAT_TRUNCATED",
    { "a file that lost its last byte": one('"F32"', "[2,2]", "[0,16]", 15) },
    "w",
  ),
  ...byRule(
    "FORMAT_TRUNCATED",
    { "a tensor far beyond the end": one('"U8"', "[562949953421312]", "[0,562949953421312]", 9) },
    "w",
  ),
  ...byRule("FORMAT_HEADER_LENGTH", {
    "a header length of 2^63": file("{}", 0, 2n ** 63n),
    "a header length of 2^64 - 1": file("{}", 0, 2n ** 64n - 1n),
    "a header length just above the format's limit": file("{}", 0, 100_000_001n),
    "a header length at the format's limit in a short file": file("{}", 0, 100_000_000n),
    "a header one byte longer than the file": file("{}", 0, 3n),
    "a header of no bytes": file("", 8, 0n),
    "a header of one byte": file("{", 8, 1n),
    "a Git LFS pointer": Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
    "a zip archive (a PyTorch checkpoint)": Buffer.from(
      "PK\u0003\u0004\u0014\u0000\u0008\u0008 some more bytes of it",
    ),
  }),
  ...byRule("FORMAT_HEADER_JSON", {
    "a header that starts with a space": file(" {}"),
    "a header that starts with a byte order mark": file("\ufeff{}"),
    "a header that is a list": file("[1,2]"),
    "a header that is not UTF-8": file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
    "a header that is cut off": file('{"w":{"dtype":"U8","sha'),
    "a header with text after its end": file(`{"w":${GOOD}}x`, 2),
    "a header padded with zero bytes": file("{}\0\0\0\0\0\0"),
    "a header with two objects": file("{}{}"),
    "a trailing comma": file(`{"w":${GOOD},}`, 2),
    "a comment": file(`{/* no */"w":${GOOD}}`, 2),
    "names in single quotes": file(`{'w':${GOOD}}`, 2),
    "a name with half of a surrogate pair": file(`{"\\ud800":${GOOD}}`, 2),
    "a name with a raw line break": file(`{"a\nb":${GOOD}}`, 2),
    "a name with an unknown escape": file(`{"a\\x62":${GOOD}}`, 2),
    "values nested a million levels deep": file(`{"w":{"x":${"[".repeat(1e6)}`),
    "objects nested a million levels deep": file(`{"w":{"x":${'{"x":'.repeat(1e6)}`),
    "a number that JSON does not have": file(`{"w":{"x":NaN,${GOOD.slice(1)}}`, 2),
  }),
  ...byRule(
    "FORMAT_HEADER_JSON",
    {
      "a tensor that is a list": file('{"w":[]}'),
      "a tensor that is null": file('{"w":null}'),
      "a tensor without dtype": file('{"w":{"shape":[2],"data_offsets":[0,2]}}', 2),
      "a tensor without shape": file('{"w":{"dtype":"U8","data_offsets":[0,2]}}', 2),
      "a tensor without offsets": file('{"w":{"dtype":"U8","shape":[2]}}', 2),
      "a tensor with two dtypes": file(`{"w":{"dtype":"I8",${GOOD.slice(1)}}`, 2),
      "a tensor with two shapes": file(`{"w":{"shape":[2],${GOOD.slice(1)}}`, 2),
      "a tensor with two places": file(`{"w":{"data_offsets":[0,2],${GOOD.slice(1)}}`, 2),
    },
    "w",
  ),
  ...byRule(
    "FORMAT_DUPLICATE_NAME",
    {
      "a tensor named twice": file(`{"w":${GOOD},"w":${GOOD}}`, 2),
      "a tensor named twice, once by an escape": file(
        `{"w":${GOOD},"\\u0077":${entry('"U8"', "[2]", "[2,4]")}}`,
        4,
      ),
    },
    "w",
  ),
  ...byRule(
    "FORMAT_DUPLICATE_NAME",
    { "two tensors named __proto__": file(`{"__proto__":${GOOD},"__proto__":${GOOD}}`, 2) },
    "__proto__",
  ),
  ...byRule(
    "FORMAT_DTYPE",
    {
      "an unknown dtype": one('"F33"', "[2]", "[0,2]", 2),
      "a dtype in lower case": one('"bf16"', "[1]", "[0,2]", 2),
      "a dtype with a name from Object.prototype": one('"constructor"', "[2]", "[0,2]", 2),
      "a dtype named __proto__": one('"__proto__"', "[2]", "[0,2]", 2),
      "a dtype that is a number": one("7", "[2]", "[0,2]", 2),
      "a dtype that is null": one("null", "[2]", "[0,2]", 2),
    },
    "w",
  ),
  ...byRule(
    "FORMAT_SHAPE",
    {
      "a negative size": one('"U8"', "[-2]", "[0,2]", 2),
      "two negative sizes": one('"U8"', "[-1,-2]", "[0,2]", 2),
      "a fraction": one('"U8"', "[1.5]", "[0,2]", 2),
      "an integer written as a fraction": one('"U8"', "[2.0]", "[0,2]", 2),
      "an integer written with an exponent": one('"U8"', "[2e0]", "[0,2]", 2),
      "a negative zero": one('"U8"', "[-0]", "[0,0]", 0),
      "a size in quotes": one('"U8"', '["2"]', "[0,2]", 2),
      "a nested list": one('"U8"', "[[2]]", "[0,2]", 2),
      "a shape that is a number": one('"U8"', "2", "[0,2]", 2),
      "a shape that is null": one('"U8"', "null", "[0,2]", 2),
      "a size above 2^53": one('"U8"', "[9007199254740993]", "[0,2]", 2),
      "a size above 2^64": one('"U8"', "[18446744073709551618]", "[0,2]", 2),
      "a product that overflows 64 bits to zero": one('"U8"', "[4294967296,4294967296]", "[0,0]", 0),
      "a product that overflows before a zero": one('"F32"', "[4294967296,4294967296,0]", "[0,0]", 0),
      "a product above 2^53": one('"F64"', "[134217728,134217728]", "[0,2]", 2),
    },
    "w",
  ),
  ...byRule(
    "FORMAT_SIZE",
    {
      "fewer bytes than dtype and shape need": one('"F32"', "[2]", "[0,4]", 4),
      "more bytes than dtype and shape need": one('"F16"', "[2]", "[0,8]", 8),
      "bytes for an empty tensor": one('"F16"', "[0]", "[0,2]", 2),
      "no bytes for a number": one('"F16"', "[]", "[0,0]", 0),
      "half a byte of four-bit elements": one('"F4"', "[3]", "[0,2]", 2),
      "half a byte of six-bit elements": one('"F6_E2M3"', "[2]", "[0,2]", 2),
    },
    "w",
  ),
  ...byRule(
    "FORMAT_OFFSETS",
    {
      "a range that runs backwards": one('"U8"', "[2]", "[2,0]", 2),
      "a negative offset": one('"U8"', "[2]", "[-2,0]", 2),
      "a fractional offset": one('"U8"', "[2]", "[0.5,2.5]", 3),
      "three offsets": one('"U8"', "[2]", "[0,2,2]", 2),
      "one offset": one('"U8"', "[2]", "[2]", 2),
      "offsets that are null": one('"U8"', "[2]", "null", 2),
      "an offset above 2^53": one('"U8"', "[2]", "[9007199254740992,9007199254740994]", 2),
      "a hole before the first tensor": one('"U8"', "[2]", "[1,3]", 3),
      "a hole between tensors": file(`{"a":${GOOD},"w":${entry('"U8"', "[1]", "[3,4]")}}`, 4),
      "two tensors that overlap": file(`{"a":${GOOD},"w":${entry('"U8"', "[2]", "[1,3]")}}`, 3),
      "two tensors at the same place": file(`{"a":${GOOD},"w":${GOOD}}`, 2),
      "an empty tensor inside another": file(`{"a":${GOOD},"w":${entry('"U8"', "[0]", "[1,1]")}}`, 2),
    },
    "w",
  ),
  ...byRule("FORMAT_OFFSETS", {
    "bytes after the last tensor": one('"U8"', "[2]", "[0,2]", 3),
    "bytes in a file without tensors": file("{}", 1),
  }),
  ...byRule("FORMAT_METADATA", {
    "metadata that is a list": file('{"__metadata__":[]}'),
    "metadata that is a string": file('{"__metadata__":"pt"}'),
    "metadata with a number": file('{"__metadata__":{"a":1}}'),
    "metadata with null": file('{"__metadata__":{"a":null}}'),
    "metadata with a map": file('{"__metadata__":{"a":{}}}'),
    "metadata twice": file('{"__metadata__":{},"__metadata__":{}}'),
    "a metadata key twice": file('{"__metadata__":{"a":"1","a":"2"}}'),
  }),
];

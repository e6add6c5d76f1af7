import { crc32 } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** 0 is stored, 8 deflated. */
  readonly method?: number;
  /** Bit 0 is encryption. */
  readonly flags?: number;
  readonly crc?: number;
  /** What the directory claims instead of the truth. */
  readonly claimedLength?: number;
  readonly claimedOffset?: number;
}

export interface ZipOptions {
  /** Gives sizes, offsets and counts in the fields of large files. */
  readonly zip64?: boolean;
  readonly claimedEntryCount?: number;
  readonly claimedDirectoryOffset?: number;
}

const MAX_32 = 0xffff_ffff;

function fields(...values: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, bytes);
    }),
  );
}

/** A zip file of whatever entries, true or not, with nothing from the reader under test. */
export function writeZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const add = (part: Buffer) => {
    parts.push(part);
    at += part.length;
  };
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const length = entry.claimedLength ?? entry.bytes.length;
    const crc = entry.crc ?? crc32(entry.bytes);
    const common = (size: number) =>
      fields(
        [2, 45],
        [2, entry.flags ?? 0],
        [2, entry.method ?? 0],
        [2, 0],
        [2, 0],
        [4, crc],
        [4, size],
        [4, size],
      );
    const offset = entry.claimedOffset ?? at;
    const large = options.zip64 === true;
    const extra = large ? fields([2, 1], [2, 24], [8, length], [8, length], [8, offset]) : Buffer.alloc(0);
    directory.push(
      fields([4, 0x0201_4b50], [2, 45]),
      common(large ? MAX_32 : length),
      fields(
        [2, name.length],
        [2, extra.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, large ? MAX_32 : offset],
      ),
      name,
      extra,
    );
    // As torch does, the data start behind an extra field of its own length.
    add(
      Buffer.concat([
        fields([4, 0x0403_4b50]),
        common(0),
        fields([2, name.length], [2, 9]),
        name,
        Buffer.alloc(9),
      ]),
    );
    add(Buffer.from(entry.bytes));
  }
  const start = options.claimedDirectoryOffset ?? at;
  const count = options.claimedEntryCount ?? entries.length;
  const length = Buffer.concat(directory).length;
  add(Buffer.concat(directory));
  if (options.zip64 === true) {
    const end = at;
    const tail: [8, number][] = [
      [8, count],
      [8, count],
      [8, length],
      [8, start],
    ];
    add(fields([4, 0x0606_4b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], ...tail));
    add(fields([4, 0x0706_4b50], [4, 0], [8, end], [4, 1]));
    add(fields([4, 0x0605_4b50], [4, 0], [2, 0xffff], [2, 0xffff], [4, MAX_32], [4, MAX_32], [2, 0]));
  } else {
    add(fields([4, 0x0605_4b50], [4, 0], [2, count], [2, count], [4, length], [4, start], [2, 0]));
  }
  return Buffer.concat(parts);
}

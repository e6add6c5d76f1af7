import { FormatError } from "../errors.ts";
import { DTYPE_BITS } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { LENGTH_BYTES, MAX_HEADER_BYTES, METADATA_KEY } from "./header.ts";

/** Data start on a multiple of this, so that every element is aligned in a memory-mapped file. */
const ALIGNMENT_BYTES = 8;

export interface LayoutTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly byteLength: number;
}

export type PlacedTensor<T extends LayoutTensor = LayoutTensor> = T & {
  /** Absolute byte offset in the shard's file. */
  readonly offset: number;
};

export interface ShardLayout<T extends LayoutTensor = LayoutTensor> {
  /** "model.safetensors", or "model-00001-of-00002.safetensors"; other stems likewise. */
  readonly name: string;
  /** The start of the file, up to the first data byte. */
  readonly header: Uint8Array;
  /** In the order of their offsets, without gaps. */
  readonly tensors: readonly PlacedTensor<T>[];
  /** Whole file, header included. */
  readonly byteLength: number;
}

/**
 * Places tensors in files. They fill shards in the order given: one that would take a non-empty shard above
 * `maxShardBytes` (of data) starts the next, so that a larger tensor has a shard to itself; zero or less means one file.
 * The files' names start with `stem`.
 */
export function layOut<T extends LayoutTensor>(
  tensors: readonly T[],
  maxShardBytes: number,
  stem = "model",
): readonly ShardLayout<T>[] {
  const groups = fillShards(tensors, maxShardBytes);
  return groups.map((group, at) => placeShard(group, shardName(stem, at, groups.length)));
}

function fillShards<T extends LayoutTensor>(tensors: readonly T[], maxShardBytes: number): T[][] {
  let group: T[] = [];
  let groupBytes = 0;
  const groups = [group];
  for (const tensor of tensors) {
    if (maxShardBytes > 0 && group.length > 0 && groupBytes + tensor.byteLength > maxShardBytes) {
      groups.push((group = []));
      groupBytes = 0;
    }
    group.push(tensor);
    groupBytes += tensor.byteLength;
  }
  return groups;
}

function shardName(stem: string, at: number, count: number): string {
  const number = (value: number) => String(value).padStart(5, "0");
  return count === 1 ? `${stem}.safetensors` : `${stem}-${number(at + 1)}-of-${number(count)}.safetensors`;
}

function placeShard<T extends LayoutTensor>(group: readonly T[], name: string): ShardLayout<T> {
  const ordered = [...group].sort(bySizeThenName);
  const header = encodeHeader(ordered, name);
  let offset = header.length;
  const tensors = ordered.map((tensor) => {
    const placed = { ...tensor, offset };
    offset += tensor.byteLength;
    return placed;
  });
  return { name, header, tensors, byteLength: offset };
}

/** Larger elements first: each tensor then starts on a multiple of its element size, as the reference writer has it. */
function bySizeThenName(a: LayoutTensor, b: LayoutTensor): number {
  return DTYPE_BITS[b.dtype] - DTYPE_BITS[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * Start of a safetensors file whose data are these tensors in this order: the length, and the header padded with spaces.
 * `file` is for the message when the header would pass the format's limit.
 */
export function encodeHeader(tensors: readonly LayoutTensor[], file: string): Uint8Array {
  let begin = 0;
  // Members are written one by one, since an object could not hold a tensor named "__proto__".
  const members = tensors.map(({ name, dtype, shape, byteLength }) => {
    const entry = { dtype, shape, data_offsets: [begin, (begin += byteLength)] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const json = `{${[`"${METADATA_KEY}":{"format":"pt"}`, ...members].join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  if (length > MAX_HEADER_BYTES) {
    const message = `${file}: ${tensors.length} tensors need a header of ${length} bytes, above the format's limit`;
    throw new FormatError("FORMAT_HEADER_LENGTH", message, { where: file, hint: "Choose smaller shards." });
  }
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

export interface ShardIndexFile {
  readonly metadata: { readonly total_size: number };
  readonly weight_map: Readonly<Record<string, string>>;
}

/** Content of the shard index, `model.safetensors.index.json`: the shard of each tensor, by name, and the bytes of data. */
export function shardIndex(
  tensors: readonly { readonly name: string; readonly byteLength: number; readonly shard: string }[],
): ShardIndexFile {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    metadata: { total_size: tensors.reduce((sum, { byteLength }) => sum + byteLength, 0) },
    weight_map: Object.fromEntries(sorted.map(({ name, shard }) => [name, shard])),
  };
}

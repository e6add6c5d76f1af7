import { writeZip } from "./write-zip.ts";
import type { ZipEntry, ZipOptions } from "./write-zip.ts";

/** Opcodes by their usual names, each as the bytes of one step. */
const byte = (...codes: readonly (number | string)[]): Buffer =>
  Buffer.concat(
    codes.map((code) => (typeof code === "string" ? Buffer.from(code, "latin1") : Buffer.from([code]))),
  );

const PROTO = byte(0x80, 2);
const STOP = byte(".");
export const MARK = byte("(");
export const NONE = byte("N");
export const REDUCE = byte("R");
export const EMPTY_DICT = byte("}");
export const EMPTY_TUPLE = byte(")");
export const SETITEMS = byte("u");

const uint32 = (value: number) => {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(value);
  return field;
};

export const global = (module: string, name: string): Buffer => byte(`c${module}\n${name}\n`);
export const text = (value: string): Buffer =>
  Buffer.concat([byte("X"), uint32(Buffer.byteLength(value)), Buffer.from(value)]);
export const tuple = (...items: readonly Buffer[]): Buffer => Buffer.concat([MARK, ...items, byte("t")]);
export const call = (callee: Buffer, ...args: readonly Buffer[]): Buffer =>
  Buffer.concat([callee, tuple(...args), REDUCE]);

export function int(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 256) return byte("K", value);
  const field = Buffer.alloc(8);
  field.writeBigInt64LE(BigInt(value));
  return Buffer.concat([byte(0x8a, 8), field]);
}

/** A dictionary with text as keys. */
export function dict(entries: Readonly<Record<string, Buffer>>): Buffer {
  const items = Object.entries(entries).flatMap(([key, value]) => [text(key), value]);
  return Buffer.concat([EMPTY_DICT, MARK, ...items, SETITEMS]);
}

export interface WrittenTensor {
  readonly key?: string;
  readonly type?: string;
  readonly length: number;
  readonly storageOffset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const TENSOR = global("torch._utils", "_rebuild_tensor_v2");

/** A tensor as torch.save writes it. */
export function tensor(view: WrittenTensor): Buffer {
  const { key = "0", type = "FloatStorage", length, storageOffset = 0, shape, strides } = view;
  const id = tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(length));
  const sizes = [shape, strides].map((numbers) => tuple(...numbers.map(int)));
  const hooks = call(global("collections", "OrderedDict"));
  return call(TENSOR, id, byte("Q"), int(storageOffset), ...sizes, byte(0x89), hooks);
}

/** A whole pickle that holds this. */
export const pickle = (...steps: readonly Buffer[]): Buffer => Buffer.concat([PROTO, ...steps, STOP]);

/** The entries of a checkpoint with this pickle, and storages by key. */
export function entriesOf(content: Buffer, storages: Readonly<Record<string, Uint8Array>> = {}): ZipEntry[] {
  return [
    { name: "model/data.pkl", bytes: content },
    { name: "model/byteorder", bytes: Buffer.from("little") },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `model/data/${key}`, bytes })),
    { name: "model/version", bytes: Buffer.from("3\n") },
  ];
}

export function checkpoint(
  content: Buffer,
  storages?: Readonly<Record<string, Uint8Array>>,
  options?: ZipOptions,
): Buffer {
  return writeZip(entriesOf(content, storages), options);
}

/** A checkpoint of one tensor "w" on a storage of these bytes. */
export function oneTensor(view: WrittenTensor, bytes: Uint8Array): Buffer {
  return checkpoint(pickle(dict({ w: tensor(view) })), { [view.key ?? "0"]: bytes });
}

import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { SourceError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { Checkpoint } from "../pytorch/checkpoint.ts";
import { quote } from "../safetensors/failure.ts";
import { headerLength, LENGTH_BYTES, parseHeader } from "../safetensors/header.ts";
import type { TensorHeader, WeightFile } from "./types.ts";

/** Places of other tensors listed in a warning. */
const PLACES_SHOWN = 3;

export interface ReadFile {
  readonly file: WeightFile;
  /** In the order of their offsets. */
  readonly tensors: readonly Omit<TensorHeader, "file">[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly warnings: readonly Problem[];
}

/** Stats a path, following links; undefined if nothing is there. */
export async function statPath(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** The bytes of one weight file, on disk or elsewhere. */
export interface WeightBytes {
  /** Absolute path, where the file is or will be. */
  readonly path: string;
  /** Its name for messages. */
  readonly label: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
  /** Exactly these bytes, or an error. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Reads and checks the header of one safetensors file: two reads, whatever the file's size. */
export async function headerOf(name: string, bytes: WeightBytes): Promise<ReadFile> {
  const { path, label, byteLength, modifiedMs } = bytes;
  const start = await bytes.read(0, Math.min(byteLength, LENGTH_BYTES));
  const length = headerLength(start, byteLength, label);
  const header = parseHeader(await bytes.read(LENGTH_BYTES, length), byteLength, label);
  const tensors = header.tensors.map(({ name, dtype, shape, begin, end }) => {
    return { name, dtype, shape, offset: header.dataOffset + begin, byteLength: end - begin };
  });
  return { file: { name, path, byteLength, modifiedMs }, tensors, metadata: header.metadata, warnings: [] };
}

/** The same of a file on disk. */
export async function readHeader(name: string, path: string): Promise<ReadFile> {
  return await withBytes(path, async (bytes) => await headerOf(name, bytes));
}

/** Reads and checks where a PyTorch checkpoint has its tensors. */
export async function checkpointOf(name: string, bytes: WeightBytes): Promise<ReadFile> {
  const { path, label, byteLength, modifiedMs } = bytes;
  const read = async (offset: number, length: number) => await bytes.read(offset, length);
  // With what reads zip files and pickles; most models have neither.
  const { readCheckpoint } = await import("../pytorch/checkpoint.ts");
  const checkpoint = await readCheckpoint({ byteLength, read }, label);
  const { keyPath, tensors } = checkpoint;
  const file = { name, path, byteLength, modifiedMs };
  return {
    file: keyPath.length === 0 ? file : { ...file, keyPath: keyPath.join(".") },
    tensors,
    metadata: {},
    warnings: leftOut(label, checkpoint),
  };
}

/** Opens a weight file on disk for as long as `read` takes. */
export async function withBytes<T>(path: string, read: (bytes: WeightBytes) => Promise<T>): Promise<T> {
  return await withFile(path, async (handle, { size, mtimeMs }) => {
    const readRange = async (offset: number, length: number) => await readBytes(handle, offset, length, path);
    return await read({ path, label: path, byteLength: size, modifiedMs: mtimeMs, read: readRange });
  });
}

function leftOut(path: string, { keyPath, leftOut: others }: Checkpoint): Problem[] {
  const count = others.reduce((sum, { tensorCount }) => sum + tensorCount, 0);
  if (count === 0) return [];
  const at = (keys: readonly string[]) =>
    keys.length === 0 ? "at its top" : `under ${quote(keys.join("."))}`;
  const places = others.slice(0, PLACES_SHOWN).map((other) => at(other.keyPath));
  const more = others.length > places.length ? ` and ${others.length - places.length} more places` : "";
  const message = `${path}: the tensors ${at(keyPath)} are the model's; ${count} others (${places.join(", ")}${more}) are left out`;
  return [{ code: "FORMAT_STATE_DICT", severity: "warning", message }];
}

/** Reads a whole text file of at most `maxBytes`. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  return await withFile(path, async (handle, { size }) => {
    if (size > maxBytes) {
      const message = `${path} has ${size} bytes; no such file of a model is longer than ${maxBytes}`;
      throw new SourceError("SOURCE_UNREADABLE", message, { where: path });
    }
    return new TextDecoder().decode(await readBytes(handle, 0, size, path));
  });
}

/** Reads a byte range of a file, all of it or an error. */
export async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  return await withFile(path, async (handle) => await readBytes(handle, offset, length, path));
}

/** A file-system error as one of ours, in the words of a user. */
export function unreadable(path: string, cause: unknown): SourceError {
  const code = errnoOf(cause);
  const denied = code === "EACCES" || code === "EPERM";
  const reason = denied ? "permission denied" : cause instanceof Error ? cause.message : String(cause);
  return new SourceError("SOURCE_UNREADABLE", `${path} cannot be read: ${reason}`, {
    where: path,
    cause,
    ...(denied ? { hint: "Give yourself the right to read it." } : {}),
  });
}

/** True if the path leads nowhere; a name that no file can have leads nowhere too. */
export function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"].includes(errnoOf(error));
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

async function withFile<T>(path: string, read: (handle: FileHandle, stats: Stats) => Promise<T>): Promise<T> {
  const before = await statPath(path);
  if (before === undefined) throw unreadable(path, "it does not exist");
  // Looked at before it is opened: opening a pipe would wait for its writer.
  if (!before.isFile()) throw unreadable(path, "it is not a regular file");
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return await read(handle, await handle.stat());
  } finally {
    await handle.close();
  }
}

async function readBytes(
  handle: FileHandle,
  offset: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readOnce(handle, bytes, filled, offset + filled, path);
    if (bytesRead === 0) {
      throw new SourceError("SOURCE_CHANGED", `${path} became shorter while it was read`, { where: path });
    }
    filled += bytesRead;
  }
  return bytes;
}

async function readOnce(handle: FileHandle, bytes: Uint8Array, at: number, position: number, path: string) {
  try {
    return await handle.read(bytes, at, bytes.length - at, position);
  } catch (error) {
    throw unreadable(path, error);
  }
}

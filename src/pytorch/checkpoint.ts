import { brief, failureOf, quote } from "../safetensors/failure.ts";
import type { Fail } from "../safetensors/failure.ts";
import { bytesPerElement, isDtype } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import { isContiguous, strideExtent } from "../tensor/strides.ts";
import type { Strides } from "../tensor/strides.ts";
import { Archive } from "./archive.ts";
import type { EntryPlace } from "./archive.ts";
import { refuseForeign, START_BYTES } from "./foreign.ts";
import type { ReadableFile } from "./readable-file.ts";
import { findStateDict } from "./state-dict.ts";
import { unpickle } from "./unpickle.ts";
import type { TensorView } from "./values.ts";

/** A tensor takes some 200 bytes: 160,000 tensors in one file. */
const MAX_PICKLE_BYTES = 32 * 2 ** 20;
const MAX_PICKLE_WHY = "no model has that many tensors";
/** "little\n" and "3\n" with room to spare. */
const MAX_WORD_BYTES = 64;
const MAX_WORD_WHY = "a word or a number is all it should hold";
/** The newest version of the container that torch itself reads. */
const NEWEST_VERSION = 10;

/** Each is a few bytes at the start of an entry; one after the other, 20,000 of them would take over a second. */
const READS_AT_ONCE = 64;

export interface CheckpointTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Absolute byte offset of the first element. */
  readonly offset: number;
  /** Of all elements, however they are stored. */
  readonly byteLength: number;
  /** In elements; only where the elements do not lie row after row without a gap. */
  readonly strides?: Strides;
}

/** A mapping from names to tensors that stands beside the model's and is not read. */
export interface LeftOut {
  readonly keyPath: readonly string[];
  readonly tensorCount: number;
}

export interface Checkpoint {
  /** In the order of their offsets. Tensors that share a storage share its bytes. */
  readonly tensors: readonly CheckpointTensor[];
  /** The keys under which they stand in the checkpoint. */
  readonly keyPath: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Reads which tensors a zip file of torch.save holds, and where; no weights are read and nothing is run. `name` is for
 * messages.
 */
export async function readCheckpoint(file: ReadableFile, name: string): Promise<Checkpoint> {
  const fail = failureOf(name);
  refuseForeign(await file.read(0, Math.min(file.byteLength, START_BYTES)), fail);
  const archive = await Archive.open(file, fail);
  const root = rootOf(archive, fail);
  await checkWords(archive, root, fail);
  const pickle = await archive.read(`${root}/data.pkl`, MAX_PICKLE_BYTES, MAX_PICKLE_WHY);
  const found = findStateDict(unpickle(pickle ?? new Uint8Array(), fail), fail);
  const places = await placesOf(archive, root, found.tensors);
  const tensors: CheckpointTensor[] = [];
  for (const [tensor, view] of found.tensors) {
    const { key } = view.storage;
    const place = places.get(key);
    const failTensor: Fail = (code, what, hint) => fail(code, `tensor ${quote(tensor)} ${what}`, hint);
    if (place === undefined) throw failTensor("FORMAT_ZIP", `is on storage ${quote(key)}, which is missing`);
    tensors.push({ name: tensor, ...describeTensor(view, place, file.byteLength, failTensor) });
  }
  return {
    tensors: tensors.sort((a, b) => a.offset - b.offset),
    keyPath: found.keyPath,
    leftOut: found.leftOut.map(({ keyPath, tensors: { size } }) => ({ keyPath, tensorCount: size })),
  };
}

/** Where the storages of these tensors are, by key; those without an entry are left out. */
async function placesOf(archive: Archive, root: string, tensors: ReadonlyMap<string, TensorView>) {
  const keys = [...new Set([...tensors.values()].map(({ storage }) => storage.key))];
  const places = new Map<string, EntryPlace>();
  for (let first = 0; first < keys.length; first += READS_AT_ONCE) {
    const batch = keys.slice(first, first + READS_AT_ONCE).map(async (key) => {
      const place = await archive.place(`${root}/data/${key}`);
      if (place !== undefined) places.set(key, place);
    });
    await Promise.all(batch);
  }
  return places;
}

/** The folder that torch puts everything in, named after the file. */
function rootOf(archive: Archive, fail: Fail): string {
  const names = [...archive.names()];
  const roots = names
    .filter((name) => /^[^/]+\/data\.pkl$/.test(name))
    .map((name) => name.split("/")[0] ?? "");
  const [root, ...others] = roots;
  if (root === undefined || others.length > 0) {
    const what = root === undefined ? "this zip file holds no checkpoint" : "it holds several checkpoints";
    throw fail("FORMAT_CHECKPOINT", what, "Name a file that torch.save wrote.");
  }
  if (names.includes(`${root}/constants.pkl`)) {
    const hint = "Save the state dict of the model itself: torch.save(model.state_dict(), path).";
    throw fail("FORMAT_CHECKPOINT", "this is a program (TorchScript), not a checkpoint", hint);
  }
  return root;
}

/** Older files have no byteorder, and were written on little-endian machines but for very few. */
async function checkWords(archive: Archive, root: string, fail: Fail): Promise<void> {
  const word = async (name: string, absent: string) => {
    const bytes = await archive.read(`${root}/${name}`, MAX_WORD_BYTES, MAX_WORD_WHY);
    return bytes === undefined ? absent : new TextDecoder().decode(bytes).trim();
  };
  const order = await word("byteorder", "little");
  if (order !== "little") {
    const hint = "Load it and save it again on a little-endian machine.";
    throw fail("FORMAT_CHECKPOINT", `its numbers are in byte order ${quote(order)}`, hint);
  }
  const version = await word("version", "1");
  if (!/^\d+$/.test(version) || Number(version) > NEWEST_VERSION) {
    const what = `version ${quote(version)} of the format is unknown; the newest known is ${NEWEST_VERSION}`;
    throw fail("FORMAT_CHECKPOINT", what, "Save it again with a released version of torch.");
  }
}

function describeTensor(
  view: TensorView,
  place: EntryPlace,
  fileByteLength: number,
  fail: Fail,
): Omit<CheckpointTensor, "name"> {
  const { storage, dtype, shape, strides, storageOffset, lazy } = view;
  if (!isDtype(dtype)) throw fail("FORMAT_DTYPE", `has the dtype ${dtype}, which safetensors does not know`);
  if (lazy !== undefined) {
    const hint = "Save it with its values computed: resolve_conj().resolve_neg().";
    throw fail("FORMAT_PICKLE", `is a lazy view (${lazy}), whose bytes are not its values`, hint);
  }
  const bytes = bytesPerElement(dtype);
  const storageBytes = storage.length * (storage.dtype === undefined ? 1 : bytes);
  if (storageBytes > place.byteLength) {
    const what = `is on storage ${quote(storage.key)} of ${storageBytes} bytes, of which the file has ${place.byteLength}`;
    throw fail("FORMAT_OFFSETS", what);
  }
  const byteLength = elementCount(shape) * bytes;
  if (!(byteLength <= fileByteLength)) {
    const what = `has shape ${brief(JSON.stringify(shape))}: more bytes than the whole file`;
    throw fail("FORMAT_SHAPE", what, "If it is an expanded view, save it as contiguous().");
  }
  const extent = strideExtent(shape, strides);
  if (!((storageOffset + extent) * bytes <= storageBytes)) {
    const what = `needs ${storageOffset} + ${extent} elements of storage ${quote(storage.key)}, which has ${storageBytes / bytes}`;
    throw fail("FORMAT_OFFSETS", what);
  }
  const offset = place.offset + storageOffset * bytes;
  const described = { dtype, shape, offset, byteLength };
  return isContiguous(shape, strides) ? described : { ...described, strides };
}

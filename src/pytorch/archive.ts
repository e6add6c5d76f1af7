import { crc32 } from "node:zlib";
import { fromRandomAccessReaderPromise } from "yauzl";
import type { Entry, ZipFile } from "yauzl";
import { isMergeError } from "../errors.ts";
import type { FormatError } from "../errors.ts";
import { brief, quote } from "../safetensors/failure.ts";
import type { Fail } from "../safetensors/failure.ts";
import { RangeReader } from "./range-reader.ts";
import type { ReadableFile } from "./readable-file.ts";

/** Entries have one tensor each; the largest published files hold some thousands. */
const MAX_ENTRIES = 200_000;

const STORED = 0;
const CUT_SHORT = "The download or copy was not complete: fetch the file again.";

/** Where an entry's bytes stand in the file, as they are. */
export interface EntryPlace {
  /** Absolute. */
  readonly offset: number;
  readonly byteLength: number;
}

interface PlacedEntry {
  readonly entry: Entry;
  /** Its data must end before this byte: the next entry, or the end of the file. */
  end: number;
}

/** The directory of a zip file whose entries are stored as they are. */
export class Archive {
  readonly #zip: ZipFile;
  readonly #file: ReadableFile;
  readonly #fail: Fail;
  readonly #entries = new Map<string, PlacedEntry>();

  private constructor(zip: ZipFile, file: ReadableFile, fail: Fail) {
    this.#zip = zip;
    this.#file = file;
    this.#fail = fail;
  }

  /** Reads the directory. */
  static async open(file: ReadableFile, fail: Fail): Promise<Archive> {
    const reader = new RangeReader(file, fail);
    const options = { autoClose: false, strictFileNames: true };
    try {
      const zip = await fromRandomAccessReaderPromise(reader, file.byteLength, options);
      if (zip.entryCount > MAX_ENTRIES) {
        const what = `the zip directory claims ${zip.entryCount} entries; no checkpoint has more than ${MAX_ENTRIES}`;
        throw fail("FORMAT_ZIP", what);
      }
      const archive = new Archive(zip, file, fail);
      for await (const entry of zip.eachEntry()) archive.#add(entry);
      archive.#setEnds();
      return archive;
    } catch (cause) {
      throw isMergeError(cause) ? cause : zipError(cause, fail);
    }
  }

  #add(entry: Entry): void {
    const name = entry.fileName;
    if (this.#entries.has(name)) throw this.#fail("FORMAT_ZIP", `the zip directory has ${quote(name)} twice`);
    this.#entries.set(name, { entry, end: this.#file.byteLength });
  }

  #setEnds(): void {
    const headerOffset = ({ entry }: PlacedEntry) => entry.relativeOffsetOfLocalHeader;
    const placed = [...this.#entries.values()].sort((a, b) => headerOffset(a) - headerOffset(b));
    for (const [at, each] of placed.entries()) {
      const next = placed[at + 1];
      if (next !== undefined) each.end = headerOffset(next);
    }
  }

  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Finds an entry's bytes by its local header; undefined if there is no such entry. */
  async place(name: string): Promise<EntryPlace | undefined> {
    const placed = this.#entries.get(name);
    if (placed === undefined) return undefined;
    const { entry, end } = placed;
    this.#refuseEncoded(entry);
    const offset = await this.#dataStart(entry);
    if (offset + entry.compressedSize > end) {
      const what =
        end === this.#file.byteLength
          ? `${quote(name)} reaches beyond the end of the file`
          : `${quote(name)} overlaps the next entry`;
      throw this.#fail("FORMAT_ZIP", what);
    }
    return { offset, byteLength: entry.compressedSize };
  }

  #refuseEncoded(entry: Entry): void {
    if (entry.compressionMethod === STORED && !entry.isEncrypted()) return;
    const how = entry.isEncrypted() ? "encrypted" : "compressed";
    const what = `${quote(entry.fileName)} is ${how}; tensors are read in place, as torch.save stores them`;
    const hint =
      "Load the checkpoint with torch and save it again, or pack the zip file without compression.";
    throw this.#fail("FORMAT_ZIP_COMPRESSED", what, hint);
  }

  async #dataStart(entry: Entry): Promise<number> {
    try {
      return (await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true })).fileDataStart;
    } catch (cause) {
      throw isMergeError(cause) ? cause : zipError(cause, this.#fail);
    }
  }

  /** A small entry as a whole, at most `maxBytes` long; `why` tells where that limit comes from. */
  async read(name: string, maxBytes: number, why: string): Promise<Uint8Array | undefined> {
    const place = await this.place(name);
    if (place === undefined) return undefined;
    if (place.byteLength > maxBytes) {
      const what = `${quote(name)} has ${place.byteLength} bytes, above the limit of ${maxBytes}: ${why}`;
      throw this.#fail("FORMAT_PICKLE_LIMIT", what);
    }
    const bytes = await this.#file.read(place.offset, place.byteLength);
    const sum = this.#entries.get(name)?.entry.crc32 ?? 0;
    // torch can be told to leave checksums out; they are 0 then.
    if (sum !== 0 && sum !== crc32(bytes))
      throw this.#fail("FORMAT_ZIP", `the checksum of ${quote(name)} is wrong`);
    return bytes;
  }
}

function zipError(cause: unknown, fail: Fail): FormatError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (reason.startsWith("End of central directory record signature not found"))
    return fail("FORMAT_TRUNCATED", "the zip directory at its end is missing", CUT_SHORT);
  // The reason may repeat names out of the file.
  const plain = brief(JSON.stringify(reason).slice(1, -1));
  return fail("FORMAT_ZIP", `the zip directory is damaged: ${plain}`, CUT_SHORT);
}

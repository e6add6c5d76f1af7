import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { SourceError } from "../errors.ts";
import { toSinkError } from "../sink/errors.ts";
import type { WeightFile } from "../sources/types.ts";

/** Open files of one worker; more would meet the usual limit of 1,024 a process with 16 workers. */
const MOST_OPEN_FILES = 60;

/** Opens files once, reads and writes them by position, and closes them all at the end. */
export class FileTable {
  /** In order of last use. */
  readonly #open = new Map<string, number>();

  read(file: WeightFile, bytes: Uint8Array, address: number, byteLength: number, position: number): void {
    const { spool } = file;
    if (spool !== undefined && spool !== "file") {
      bytes.set(new Uint8Array(spool, position, byteLength), address);
      return;
    }
    const descriptor = this.#get(file.path, () => openInput(file));
    for (let done = 0; done < byteLength;) {
      const got = reading(file, () =>
        readSync(descriptor, bytes, address + done, byteLength - done, position + done),
      );
      if (got === 0) throw changed(file, "ends before its last tensor");
      done += got;
    }
  }

  write(path: string, bytes: Uint8Array, address: number, byteLength: number, position: number): void {
    try {
      const descriptor = this.#get(path, () => openSync(path, "r+"));
      for (let done = 0; done < byteLength;)
        done += writeSync(descriptor, bytes, address + done, byteLength - done, position + done);
    } catch (error) {
      throw toSinkError(error, path);
    }
  }

  closeAll(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #get(path: string, open: () => number): number {
    const descriptor = this.#open.get(path) ?? open();
    this.#open.delete(path);
    this.#open.set(path, descriptor);
    const [oldest] = this.#open;
    if (this.#open.size > MOST_OPEN_FILES && oldest !== undefined) {
      this.#open.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return descriptor;
  }
}

function openInput(file: WeightFile): number {
  const descriptor = reading(file, () => openSync(file.path, "r"));
  try {
    if (file.spool === undefined) checkUnchanged(file, fstatSync(descriptor));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return descriptor;
}

/** Throws if the file is no longer what the plan was made from. */
export function checkUnchanged(file: WeightFile, now: { size: number; mtimeMs: number }): void {
  if (now.size !== file.byteLength) throw changed(file, `has ${now.size} bytes, not ${file.byteLength}`);
  if (now.mtimeMs !== file.modifiedMs) throw changed(file, "was written to");
}

function changed(file: WeightFile, what: string): SourceError {
  return new SourceError("SOURCE_CHANGED", `${file.name} ${what} since the merge was planned`, {
    where: file.path,
    hint: "Merge again when nothing writes to the model's folder.",
  });
}

function reading<T>(file: WeightFile, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError("SOURCE_UNREADABLE", `Cannot read ${file.name}: ${reason}`, {
      where: file.path,
      cause,
    });
  }
}

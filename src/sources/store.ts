import { join } from "node:path";
import { readText, statPath, withBytes } from "./file.ts";
import type { WeightBytes } from "./file.ts";
import { insideOf } from "./links.ts";
import { listFiles, sideFilesOf } from "./side-files.ts";
import type { SideFiles } from "./side-files.ts";

/** Where the files of a model are: in a folder, or in a repository of which not all is here. */
export interface ModelStore {
  /** Absolute folder in which the files are, or will be. */
  readonly folder: string;
  /** The model, or one of its files, for messages. */
  label(name?: string): string;
  /** Names (POSIX) of the files at the top and one level below. */
  list(): Promise<string[]>;
  isThere(name: string): Promise<boolean>;
  /** False for a link that leads out of the model. */
  stays(name: string): Promise<boolean>;
  /** A whole text file of at most `maxBytes`. */
  readText(name: string, maxBytes: number): Promise<string>;
  /** Opens a weight file for as long as `read` takes. */
  withBytes<T>(name: string, read: (bytes: WeightBytes) => Promise<T>): Promise<T>;
  sideFiles(names: readonly string[]): Promise<SideFiles>;
}

/** A folder on disk. */
export class DiskStore implements ModelStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  label(name = ""): string {
    return join(this.folder, name);
  }

  async list(): Promise<string[]> {
    return await listFiles(this.folder);
  }

  async isThere(name: string): Promise<boolean> {
    return (await statPath(this.label(name))) !== undefined;
  }

  async stays(name: string): Promise<boolean> {
    return await (
      await insideOf(this.folder)
    )(name);
  }

  async readText(name: string, maxBytes: number): Promise<string> {
    return await readText(this.label(name), maxBytes);
  }

  async withBytes<T>(name: string, read: (bytes: WeightBytes) => Promise<T>): Promise<T> {
    return await withBytes(this.label(name), read);
  }

  async sideFiles(names: readonly string[]): Promise<SideFiles> {
    return await sideFilesOf(this.folder, names);
  }
}

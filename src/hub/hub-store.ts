import { SourceError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { readText, withBytes } from "../sources/file.ts";
import type { WeightBytes } from "../sources/file.ts";
import { moduleFolders } from "../sources/module-folders.ts";
import { isModelFolder, sideNamesOf, WEIGHT_FILE } from "../sources/side-files.ts";
import type { SideFiles } from "../sources/side-files.ts";
import type { ModelStore } from "../sources/store.ts";
import type { HubFile } from "../sources/types.ts";
import { cachedLength, checkedName, repositoryFolder, snapshotFolder, snapshotPath } from "./cache-layout.ts";
import type { Repository } from "./client.ts";
import { subjectText } from "./failures.ts";
import { fetchFiles } from "./fetch-files.ts";
import { MAX_SMALL_FILE_BYTES } from "./limits.ts";
import { RemoteFile } from "./remote-file.ts";
import { whyUnsafe } from "./repository.ts";
import type { HubTransport } from "./transport.ts";

/** Read at once from the start of a weight file: most headers are shorter, and cost one request then. */
const FIRST_READ_BYTES = 16_384;

/** A repository at a commit, of which files are read by ranges or come into the cache when they are read whole. */
export class HubStore implements ModelStore {
  readonly folder: string;
  readonly #transport: HubTransport;
  readonly #repository: Repository;
  readonly #files: ReadonlyMap<string, HubFile>;
  /** Files whose names could lead elsewhere, or that not every system can store. */
  readonly #refused: readonly HubFile[];
  readonly #signal: AbortSignal | undefined;

  constructor(transport: HubTransport, repository: Repository, signal?: AbortSignal) {
    this.#transport = transport;
    this.#repository = repository;
    this.#signal = signal;
    const candidates = repository.files.filter(isCandidate);
    this.#refused = candidates.filter(({ name }) => whyUnsafe(name) !== undefined);
    this.#files = new Map(
      candidates.filter((file) => !this.#refused.includes(file)).map((file) => [file.name, file]),
    );
    this.folder = snapshotFolder(this.#cacheFolder, repository.commit);
  }

  get #cacheFolder(): string {
    return repositoryFolder(this.#transport.settings.cacheFolder, this.#repository.repository);
  }

  label(file?: string): string {
    return subjectText({ ...this.#repository, ...(file !== undefined && { file }) });
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#files.keys()].sort());
  }

  isThere(name: string): Promise<boolean> {
    return Promise.resolve(this.#files.has(name));
  }

  stays(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async readText(name: string, maxBytes: number): Promise<string> {
    const file = this.#file(name);
    if (file.byteLength > maxBytes) {
      const message = `${this.label(name)} has ${file.byteLength} bytes; no such file of a model is longer than ${maxBytes}`;
      throw new SourceError("SOURCE_UNREADABLE", message, { where: this.label(name) });
    }
    await fetchFiles(this.#transport, [{ repository: this.#repository, files: [file] }], {
      signal: this.#signal,
    });
    return await readText(this.#path(name), maxBytes);
  }

  async withBytes<T>(name: string, read: (bytes: WeightBytes) => Promise<T>): Promise<T> {
    const file = this.#file(name);
    const path = this.#path(name);
    if ((await cachedLength(this.#transport.settings.cacheFolder, path)) === file.byteLength)
      return await withBytes(path, async (bytes) => await read({ ...bytes, label: this.label(name) }));
    const remote = new RemoteFile(this.#transport, this.#repository, file);
    const { byteLength } = file;
    const start = await remote.read(0, Math.min(FIRST_READ_BYTES, byteLength), this.#signal);
    const readRange = async (offset: number, length: number) =>
      offset + length <= start.length
        ? start.subarray(offset, offset + length)
        : await remote.read(offset, offset + length, this.#signal);
    return await read({ path, label: this.label(name), byteLength, modifiedMs: 0, read: readRange });
  }

  async sideFiles(names: readonly string[]): Promise<SideFiles> {
    const modules = await moduleFolders(names, async (name, maxBytes) => ({
      text: await this.readText(name, maxBytes),
      label: this.label(name),
    }));
    const sideNames = sideNamesOf(this.label(), names, modules);
    const files = sideNames.map((name) => ({ name, byteLength: this.#file(name).byteLength }));
    return { files, leftOut: this.#refused.map(({ name }) => refusal(this.label(), name)) };
  }

  /** What of the repository is needed beside the weights: all small files that say something of the model. */
  smallFiles(): HubFile[] {
    return [...this.#files.values()].filter(({ name }) => !WEIGHT_FILE.test(name) && !isForeignIndex(name));
  }

  /** Files by their names. */
  filesOf(names: Iterable<string>): HubFile[] {
    return [...names].map((name) => this.#file(name));
  }

  #file(name: string): HubFile {
    const file = this.#files.get(name);
    if (file !== undefined) return file;
    throw new SourceError("HUB_CHANGED", `${this.label(name)} is not there`, { where: this.label(name) });
  }

  #path(name: string): string {
    return snapshotPath(this.#cacheFolder, this.#repository.commit, checkedName(name));
  }
}

function refusal(repository: string, name: string): Problem {
  const message = `The file ${JSON.stringify(name)} of ${repository} is left out because its name ${whyUnsafe(name) ?? "is"}`;
  const hint = "If it belongs to the model, ask its author for another name.";
  return { code: "SOURCE_LEFT_OUT", severity: "warning", message, hint };
}

/** At the top or one level below, as in a folder on disk; of all but weights only what is small. */
function isCandidate({ name, byteLength }: HubFile): boolean {
  const [folder = "", ...rest] = name.split("/");
  if (rest.length > 1 || (rest.length === 1 && !isModelFolder(folder))) return false;
  return WEIGHT_FILE.test(name) || byteLength <= MAX_SMALL_FILE_BYTES;
}

/** The index of weights in a format that is not read. */
const isForeignIndex = (name: string) => /\.(?:h5|msgpack|onnx)\.index\.json$/i.test(name);

import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { constants, copyFile, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SinkError } from "../errors.ts";
import { whyOutside } from "../safetensors/file-name.ts";
import type { LargeText } from "../sources/types.ts";
import { makeDirectory, removeDirectories } from "./directory.ts";
import { writing } from "./errors.ts";
import { isPartialName, partialName } from "./names.ts";

/** Files of one output folder that wait under temporary names until all of them are complete. */
export class Staging {
  readonly #directory: string;
  /** Tells the temporary files of this run from those of others. */
  readonly #token = randomBytes(6).toString("hex");
  readonly #startedMs = Date.now();
  /** Temporary path of every file, by its final name, until it is placed. */
  readonly #staged = new Map<string, string>();
  /** Final paths of what was placed. */
  readonly #placed: string[] = [];
  /** Folders made for files such as "1_Pooling/config.json", innermost first. */
  readonly #madeFolders: string[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes a small file; returns its length. */
  async write(name: string, content: string | LargeText): Promise<number> {
    if (typeof content !== "string") return await this.#stage(name, (path) => writeLarge(path, content));
    await this.#stage(name, (path) => writeFile(path, content, { flag: "wx" }));
    return Buffer.byteLength(content);
  }

  /** Copies a file; returns its length. */
  async copy(name: string, source: string): Promise<number> {
    return await this.#stage(name, async (path) => {
      await copyFile(source, path, constants.COPYFILE_FICLONE);
      return (await stat(path)).size;
    });
  }

  /** Makes a file of `byteLength` that starts with `header`; returns its temporary path. */
  async allocate(name: string, header: Uint8Array, byteLength: number): Promise<string> {
    return await this.#stage(name, async (path) => {
      const file = await open(path, "wx");
      try {
        await file.writeFile(header);
        await file.truncate(byteLength);
      } finally {
        await file.close();
      }
      return path;
    });
  }

  /** Temporary path of a staged file. */
  pathOf(name: string): string {
    return this.#staged.get(name) ?? join(this.#directory, name);
  }

  /** Gives a staged file its final name. */
  async place(name: string): Promise<void> {
    const path = join(this.#directory, name);
    await writing(path, async () => {
      this.#madeFolders.unshift(...(await makeDirectory(dirname(path))));
      await rename(this.pathOf(name), path);
    });
    this.#staged.delete(name);
    this.#placed.push(path);
  }

  /** Placed files stay from here on. Also removes temporary files of killed runs: those that nobody has written since. */
  async complete(): Promise<void> {
    this.#placed.length = 0;
    this.#madeFolders.length = 0;
    const leftovers = (await readdir(this.#directory).catch(() => [])).filter(isPartialName);
    // The merge is complete: what cannot be removed, or is gone already, must not make it fail.
    await Promise.allSettled(leftovers.map((name) => this.#removeLeftover(join(this.#directory, name))));
  }

  async #removeLeftover(path: string): Promise<void> {
    if ((await stat(path)).mtimeMs < this.#startedMs) await rm(path, { force: true });
  }

  /** Removes what was staged, and what was placed unless `complete` was called. */
  async discard(): Promise<void> {
    const paths = [...this.#staged.values(), ...this.#placed.splice(0)];
    this.#staged.clear();
    // The run has failed already: a file that cannot be removed must not hide why.
    await Promise.allSettled(paths.map((path) => rm(path, { force: true, maxRetries: 3 })));
    await removeDirectories(this.#madeFolders.splice(0));
  }

  async #stage<T>(name: string, step: (path: string) => Promise<T>): Promise<T> {
    const reason = whyOutside(name);
    if (reason !== undefined) {
      const message = `No file ${JSON.stringify(name)} is written, because its name ${reason}`;
      throw new SinkError("SINK_NAME", message, { where: this.#directory });
    }
    const path = join(this.#directory, partialName(this.#token, this.#staged.size, name));
    this.#staged.set(name, path);
    return await writing(join(this.#directory, name), () => step(path));
  }
}

/** Block by block, so that the text is never whole in memory; returns its length in bytes. */
async function writeLarge(path: string, text: LargeText): Promise<number> {
  const file = await open(path, "wx");
  try {
    let byteLength = 0;
    text.print((block) => {
      byteLength += writeFully(file.fd, Buffer.from(block));
    });
    return byteLength;
  } finally {
    await file.close();
  }
}

function writeFully(descriptor: number, bytes: Uint8Array): number {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  return bytes.length;
}

import { randomBytes } from "node:crypto";
import { copyFile, open, readdir, rename, rm, stat, writeFile, constants } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../errors.ts";
import { writing } from "./errors.ts";
import { isPartialName, partialName } from "./names.ts";

/** Files of one output folder that wait under temporary names until all of them are complete. */
export interface Staging {
  /** Writes a small file; returns its length. */
  readonly write: (name: string, content: string) => Promise<number>;
  /** Copies a file of the donor; returns its length. */
  readonly copy: (name: string, source: string) => Promise<number>;
  /** Makes a file of `byteLength` that starts with `header`; returns its temporary path. */
  readonly allocate: (name: string, header: Uint8Array, byteLength: number) => Promise<string>;
  /** Gives a staged file its final name. */
  readonly place: (name: string) => Promise<void>;
  /** Removes what was staged, and what was placed unless `complete` was called. */
  readonly discard: () => Promise<void>;
  /** From here on the placed files stay. */
  readonly complete: () => void;
  /** Removes temporary files of runs that were killed: those that nobody has written since this run began. */
  readonly removeLeftovers: () => Promise<void>;
}

export function openStaging(directory: string): Staging {
  const token = randomBytes(6).toString("hex");
  const startedMs = Date.now();
  /** Paths to remove if the run fails: temporary ones, and final ones once they are placed. */
  const owned = new Set<string>();
  const final = (name: string) => join(directory, name);
  const temporary = (name: string) => join(directory, partialName(token, name));
  const own = (name: string) => {
    owned.add(temporary(name));
    return temporary(name);
  };
  return {
    write: (name, content) =>
      writing(final(name), async () => {
        await writeFile(own(name), content, { flag: "wx" });
        return Buffer.byteLength(content);
      }),
    copy: async (name, source) => {
      await assertReadable(source);
      return writing(final(name), async () => {
        await copyFile(source, own(name), constants.COPYFILE_FICLONE);
        return (await stat(temporary(name))).size;
      });
    },
    allocate: (name, header, byteLength) =>
      writing(final(name), async () => {
        const file = await open(own(name), "wx");
        try {
          await file.writeFile(header);
          await file.truncate(byteLength);
        } finally {
          await file.close();
        }
        return temporary(name);
      }),
    place: (name) =>
      writing(final(name), async () => {
        await rename(temporary(name), final(name));
        owned.delete(temporary(name));
        owned.add(final(name));
      }),
    discard: async () => {
      // The run has failed already: a file that cannot be removed must not hide why.
      await Promise.allSettled([...owned].map((path) => rm(path, { force: true, maxRetries: 3 })));
      owned.clear();
    },
    complete: () => {
      owned.clear();
    },
    removeLeftovers: () => removeLeftovers(directory, startedMs),
  };
}

async function assertReadable(path: string): Promise<void> {
  try {
    await (await open(path, "r")).close();
  } catch (error) {
    throw new SourceError("SOURCE_UNREADABLE", `Cannot read ${path}`, {
      where: path,
      hint: "It belongs to the model whose small files go into the output; make it readable or remove it.",
      cause: error,
    });
  }
}

async function removeLeftovers(directory: string, startedMs: number): Promise<void> {
  for (const name of (await readdir(directory)).filter(isPartialName)) {
    const path = join(directory, name);
    if ((await stat(path)).mtimeMs < startedMs) await rm(path, { force: true });
  }
}

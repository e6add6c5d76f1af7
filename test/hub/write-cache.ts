import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { gitBlobOid, sha256 } from "./server/content.ts";
import { belongsInLfs } from "./server/repository.ts";

/** Writes a revision of a model as Python's huggingface_hub leaves it in its cache; gives the model's folder. */
export async function writeCached(
  cacheFolder: string,
  repository: string,
  revision: {
    readonly commit: string;
    readonly ref?: string;
    readonly files: Readonly<Record<string, Uint8Array>>;
  },
): Promise<string> {
  const folder = join(cacheFolder, `models--${repository.replaceAll("/", "--")}`);
  await mkdir(join(folder, "blobs"), { recursive: true });
  for (const [name, bytes] of Object.entries(revision.files)) {
    const hash = belongsInLfs(name, bytes.length) ? sha256(bytes) : gitBlobOid(bytes);
    const path = join(folder, "snapshots", revision.commit, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(join(folder, "blobs", hash), bytes);
    await symlink(relative(dirname(path), join(folder, "blobs", hash)), path);
  }
  if (revision.ref !== undefined) {
    await mkdir(dirname(join(folder, "refs", revision.ref)), { recursive: true });
    await writeFile(join(folder, "refs", revision.ref), revision.commit);
  }
  return folder;
}

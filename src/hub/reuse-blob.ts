import { copyFile, link, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HubFile } from "../sources/types.ts";
import { blobPath, repositoryOfFolder } from "./cache-layout.ts";
import { FileHash } from "./verify-hash.ts";

/** Takes a blob from another model of the cache, if one has it and it is right; false if none does. */
export async function reuseBlob(cacheFolder: string, path: string, file: HubFile): Promise<boolean> {
  for (const name of await readdir(cacheFolder).catch(() => [])) {
    const other = blobPath(join(cacheFolder, name), file.hash);
    if (repositoryOfFolder(name) === undefined || other === path) continue;
    const stats = await stat(other).catch(() => undefined);
    if (stats?.size !== file.byteLength || (await hashOf(other, file)) !== file.hash) continue;
    const temporary = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
    try {
      await link(other, temporary).catch(() => copyFile(other, temporary));
      await rename(temporary, path);
      return true;
    } catch {
      await rm(temporary, { force: true }); // It is downloaded then.
    }
  }
  return false;
}

async function hashOf(path: string, file: HubFile): Promise<string> {
  const handle = await open(path, "r");
  try {
    const read = async (position: number, bytes: Uint8Array) =>
      (await handle.read(bytes, 0, bytes.length, position)).bytesRead;
    return await new FileHash({ read }, file).digest(file.byteLength);
  } finally {
    await handle.close();
  }
}

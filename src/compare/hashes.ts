import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ModelHeaders } from "../sources/types.ts";
import type { ReportModel } from "../report/report-types.ts";

/** Models up to this size in all are hashed: less than a second. Larger ones are named by size alone. */
const MOST_HASHED_BYTES = 256 * 2 ** 20;

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The weight files of all models, hashed if all of them are small. */
export async function fileLists(
  models: readonly ModelHeaders[],
): Promise<ReadonlyMap<string, ReportModel["files"]>> {
  const bytes = models.flatMap(({ files }) => files).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const lists = new Map<string, ReportModel["files"]>();
  for (const { reference, files } of models) {
    const list: ReportModel["files"][number][] = [];
    for (const { name, path, byteLength } of files)
      list.push({ name, byteLength, ...(bytes <= MOST_HASHED_BYTES && { sha256: await hashFile(path) }) });
    lists.set(reference, list);
  }
  return lists;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { SourceError } from "../../errors.ts";
import { unreadable } from "../../sources/file.ts";
import { insideOf } from "../../sources/links.ts";
import type { PushFile } from "./types.ts";

const CARD_NAME = "README.md";
/** Files that start with a dot are caches and leftovers, but for this one. */
const ATTRIBUTES_NAME = ".gitattributes";
/** The Hub's own advice for one commit; a folder with more is no model. */
const MAX_FILES = 5000;

/** Stands in for a card that is not there, so that the Hub knows what the repository is. */
const PLAIN_CARD = `---
library_name: transformers
tags:
- merge
- stockpot
---
# Merged model

Made with Stockpot.
`;

/**
 * The files of a folder as they go to the Hub: all of them but hidden ones, and a short model card if there is none.
 * Throws a SourceError if a link leads out of the folder, whose target would be published.
 */
export async function filesToPush(folder: string): Promise<PushFile[]> {
  const names = await namesIn(folder);
  const stays = await insideOf(folder);
  if (names.length === 0 || names.length > MAX_FILES) {
    const message = names.length === 0 ? `${folder} is empty` : `${folder} holds ${names.length} files`;
    const hint = "Push a folder that stockpot merge has written.";
    throw new SourceError("HUB_PUSH", message, { where: folder, hint });
  }
  const files: PushFile[] = [];
  for (const name of names) {
    const path = join(folder, ...name.split("/"));
    if (!(await stays(name))) {
      const hint = "What it leads to would be published: put a copy in its place, or remove it.";
      throw new SourceError("HUB_PUSH", `${path} is a link that leads out of the folder`, {
        where: path,
        hint,
      });
    }
    files.push({ name, content: { path, byteLength: (await stat(path)).size } });
  }
  return names.includes(CARD_NAME) ? files : [...files, { name: CARD_NAME, content: PLAIN_CARD }];
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => name === ATTRIBUTES_NAME || !name.split("/").some((part) => part.startsWith(".")))
    .sort();
}

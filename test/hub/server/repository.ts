import { createHash } from "node:crypto";
import { contentOf, gitBlobOid } from "./content.ts";
import type { Content } from "./content.ts";

export interface StoredFile {
  readonly content: Content;
  /** Kept outside git and served from the content network. */
  readonly lfs: boolean;
}

export type Snapshot = ReadonlyMap<string, StoredFile>;

/** Suffixes that the Hub's default .gitattributes keeps in LFS. */
const LFS_SUFFIXES = /\.(safetensors|bin|pt|pth|gguf|h5|onnx|msgpack|zip|model)$/;
/** Larger files than git takes here go to LFS whatever they are called. */
const MOST_GIT_BYTES = 10 * 2 ** 20;

export const belongsInLfs = (path: string, size: number): boolean =>
  LFS_SUFFIXES.test(path) || size > MOST_GIT_BYTES;

/** The text that git holds in place of an LFS file. */
const pointerOf = ({ sha256, size }: Content): Buffer =>
  Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`);

/** One repository: branches and tags by name, and all its commits. */
export class Repository {
  readonly id: string;
  private: boolean;
  /** Downloads need a token whose owner accepted the terms. */
  gated: boolean;
  readonly refs = new Map<string, string>();
  readonly #commits = new Map<string, Snapshot>();
  pullRequests = 0;

  constructor(id: string, options: { private?: boolean; gated?: boolean } = {}) {
    this.id = id;
    this.private = options.private ?? false;
    this.gated = options.gated ?? false;
    this.commit(new Map());
  }

  /** Puts files into a new commit on a branch (null removes one) and gives its SHA. */
  commit(
    changes: ReadonlyMap<string, StoredFile | null>,
    branch = "main",
    parent = this.refs.get(branch),
  ): string {
    const snapshot = new Map(parent === undefined ? [] : this.#commits.get(parent));
    for (const [path, file] of changes) {
      if (file === null) snapshot.delete(path);
      else snapshot.set(path, file);
    }
    const listing = [...snapshot].map(([path, { content }]) => `${path} ${content.sha256}`).sort();
    const sha = createHash("sha1")
      .update([this.id, parent, ...listing].join("\n"))
      .digest("hex");
    this.#commits.set(sha, snapshot);
    this.refs.set(branch, sha);
    return sha;
  }

  /** The full SHA of a branch, tag, or SHA. */
  resolve(revision: string): string | undefined {
    const name = revision === "HEAD" ? "main" : revision;
    return this.refs.get(name) ?? (this.#commits.has(name) ? name : undefined);
  }

  snapshot(sha: string): Snapshot {
    return this.#commits.get(sha) ?? new Map<string, StoredFile>();
  }
}

export function fileOf(path: string, content: Content | Uint8Array | string): StoredFile {
  const stored = isContent(content) ? content : contentOf(Buffer.from(content));
  return { content: stored, lfs: belongsInLfs(path, stored.size) };
}

const isContent = (content: Content | Uint8Array | string): content is Content =>
  typeof content === "object" && "gitOid" in content;

/** One row of the Hub's tree listing. */
export function treeEntry(path: string, { content, lfs }: StoredFile): object {
  const { size, sha256, gitOid } = content;
  if (!lfs) return { type: "file", oid: gitOid, size, path };
  const pointer = pointerOf(content);
  const pointed = { oid: sha256, size, pointerSize: pointer.length };
  return { type: "file", oid: gitBlobOid(pointer), size, path, lfs: pointed };
}

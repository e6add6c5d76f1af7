import type { ListFileEntry } from "@huggingface/hub";
import { isMergeError } from "../errors.ts";
import { badAnswer } from "./failures.ts";
import type { Subject } from "./failures.ts";
import { MAX_FILE_BYTES, MAX_PAGES } from "./limits.ts";
import { isCommit } from "./repository.ts";
import type { RepositoryReference } from "./repository.ts";
import type { HubFile } from "../sources/types.ts";
import type { HubTransport } from "./transport.ts";

/** A repository at one commit. */
export interface Repository extends RepositoryReference {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** Asks the Hub which commit a revision is and what files it has. Throws a SourceError. */
export async function openRepository(
  transport: HubTransport,
  reference: RepositoryReference,
  signal?: AbortSignal,
): Promise<Repository> {
  const commit = await commitOf(transport, reference, signal);
  return { ...reference, commit, files: await filesAt(transport, reference, commit, signal) };
}

/** The commit that a branch or tag stands for now. */
export async function commitOf(
  transport: HubTransport,
  reference: RepositoryReference,
  signal?: AbortSignal,
): Promise<string> {
  // Loaded when it is needed: merges of local models start without it.
  const { modelInfo } = await import("@huggingface/hub");
  const { sha } = await asking(reference, () =>
    modelInfo({
      name: reference.repository,
      revision: reference.revision,
      additionalFields: ["sha"],
      hubUrl: transport.settings.endpoint,
      fetch: transport.fetchFor(reference, signal),
    }),
  );
  const asked = reference.revision;
  if (!isCommit(sha) || (isCommit(asked) && asked !== sha))
    throw badAnswer(reference, "the commit in the answer is none");
  return sha;
}

async function filesAt(
  transport: HubTransport,
  reference: RepositoryReference,
  commit: string,
  signal: AbortSignal | undefined,
): Promise<HubFile[]> {
  const { repository } = reference;
  const { listFiles } = await import("@huggingface/hub");
  const fetch = transport.fetchFor(reference, signal);
  const seen = new Set<string>();
  const pages: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (seen.has(url) || seen.size === MAX_PAGES) throw badAnswer(reference, "the list of files has no end");
    seen.add(url);
    return await fetch(input, init);
  };
  return await asking(reference, async () => {
    const files: HubFile[] = [];
    const listing = { repo: repository, revision: commit, recursive: true, fetch: pages };
    for await (const entry of listFiles({ ...listing, hubUrl: transport.settings.endpoint })) {
      if (entry.type === "file") files.push(checkedFile(entry, reference));
    }
    return files;
  });
}

/** Runs a question of the library's; what it throws of its own is an answer that it could not read. */
async function asking<T>(subject: Subject, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (isMergeError(error)) throw error;
    throw badAnswer(subject, "the answer could not be read", error);
  }
}

function checkedFile({ path, size, oid, lfs }: ListFileEntry, reference: RepositoryReference): HubFile {
  const [hash, byteLength, digits] = lfs === undefined ? [oid, size, 40] : [lfs.oid, lfs.size, 64];
  const isHash = typeof hash === "string" && hash.length === digits && /^[0-9a-f]+$/.test(hash);
  const isLength = Number.isSafeInteger(byteLength) && byteLength >= 0 && byteLength <= MAX_FILE_BYTES;
  if (typeof path !== "string" || !isHash || !isLength) {
    throw badAnswer(reference, `the list of files has no valid size and hash for ${JSON.stringify(path)}`);
  }
  return { name: path, byteLength, hash, algorithm: lfs === undefined ? "git-sha1" : "sha256" };
}

/** Address of a file at a commit. */
export function fileUrl({ settings }: HubTransport, { repository, commit }: Repository, name: string): URL {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return new URL(`${settings.endpoint}/${repository}/resolve/${commit}/${path}`);
}
